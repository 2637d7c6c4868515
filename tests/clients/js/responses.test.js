import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

import { LEGS, QUESTION, TEXT, all, client } from "./ask.js";

const ask = (input, more = {}) => client.responses.create({ model: "vote", input, ...more });

test("a response is answered, kept, listed and forgotten", async () => {
  const made = await ask(QUESTION, { metadata: { of: "mine" }, instructions: "Count." });
  assert.equal(made.output_text, TEXT);
  assert.equal(made.usage.total_tokens, made.usage.input_tokens + made.usage.output_tokens);
  const found = await client.responses.retrieve(made.id);
  assert.deepEqual(found.output, made.output);
  assert.deepEqual(found.metadata, { of: "mine" });
  const items = await all(client.responses.inputItems.list(made.id));
  assert.deepEqual(items.map((item) => item.content[0].text), [QUESTION]);
  await client.responses.delete(made.id);
  await assert.rejects(client.responses.retrieve(made.id), OpenAI.NotFoundError);
});

test("a conversation goes on by id, and by what was said", async () => {
  const first = await ask("Hello!");
  const then = await ask(QUESTION, { previous_response_id: first.id });
  const items = await all(client.responses.inputItems.list(then.id, { order: "asc", limit: 1 }));
  assert.deepEqual(items.map((item) => item.role), ["user", "assistant", "user"]);
  const again = await ask([
    { role: "user", content: "Hello!" },
    ...first.output,
    { role: "user", content: QUESTION },
  ]);
  assert.equal(again.usage.input_tokens, then.usage.input_tokens);
});

test("a stream's events make the response that is kept", async () => {
  const stream = client.responses.stream({ model: "single", input: QUESTION });
  const events = await all(stream);
  const final = await stream.finalResponse();
  const deltas = events.filter((event) => event.type === "response.output_text.delta");
  assert.equal(deltas.map((event) => event.delta).join(""), TEXT);
  assert.deepEqual(events.map((event) => event.sequence_number), [...events.keys()]);
  assert.equal(events.at(-1).type, "response.completed");
  assert.equal((await client.responses.retrieve(final.id)).output_text, TEXT);
});

test("a response by a schema is parsed", async () => {
  const response = await client.responses.parse({
    model: "everyone",
    input: LEGS,
    text: { format: zodTextFormat(z.object({ legs: z.number() }), "spider") },
  });
  assert.deepEqual(response.output_parsed, { legs: 8 });
});

test("a response that is not stored is nowhere", async () => {
  const made = await ask(QUESTION, { store: false });
  await assert.rejects(ask("so?", { previous_response_id: made.id }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual(
      [error.code, error.param],
      ["previous_response_not_found", "previous_response_id"],
    );
    return true;
  });
});

test("tools that others host are refused by name", async () => {
  const wrong = ask(QUESTION, { tools: [{ type: "web_search" }] });
  await assert.rejects(wrong, { status: 400, param: "tools.0.type" });
});
