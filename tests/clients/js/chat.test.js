import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

import { LEGS, QUESTION, TEXT, all, client } from "./ask.js";

const messages = [{ role: "user", content: QUESTION }];

test("a chat is answered with its usage, its story and its headers", async () => {
  const { data, response } = await client.chat.completions
    .create({ model: "convene/vote", messages })
    .withResponse();
  assert.equal(data.choices[0].message.content, TEXT);
  assert.equal(data.choices[0].finish_reason, "stop");
  assert.equal(data.usage.total_tokens, data.usage.prompt_tokens + data.usage.completion_tokens);
  assert.deepEqual(data.convene.panel.toSorted(), ["ada", "bob", "eve"]);
  assert.match(response.headers.get("x-request-id"), /^req_/);
});

test("a stream of chunks joins to the answer", async () => {
  const stream = client.chat.completions.stream({
    model: "single",
    messages,
    stream_options: { include_usage: true },
  });
  const deltas = await all(
    (async function* () {
      for await (const chunk of stream) yield chunk.choices[0]?.delta.content ?? "";
    })(),
  );
  const final = await stream.finalChatCompletion();
  assert.equal(deltas.join(""), TEXT);
  assert.equal(final.choices[0].message.content, TEXT);
  assert.ok(final.usage.total_tokens > 0);
});

test("an answer by a schema is parsed", async () => {
  const completion = await client.chat.completions.parse({
    model: "everyone",
    messages: [{ role: "user", content: LEGS }],
    response_format: zodResponseFormat(z.object({ legs: z.number() }), "spider"),
  });
  assert.deepEqual(completion.choices[0].message.parsed, { legs: 8 });
});

test("what a request asks of its panel is honoured", async () => {
  const completion = await client.chat.completions.create({
    model: "everyone",
    messages,
    convene: { deny: ["eve"], explain: false },
  });
  assert.deepEqual(completion.convene.panel, ["ada", "bob"]);
  assert.equal(completion.convene.replies, undefined);
});

test("an abandoned stream leaves the client usable", async () => {
  const stream = await client.chat.completions.create({ model: "vote", messages, stream: true });
  for await (const _ of stream) break;
  const completion = await client.chat.completions.create({ model: "ada", messages });
  assert.equal(completion.model, "ada");
});

test("tools that no expert here can call are refused by name", async () => {
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  const tools = [{ type: "function", function: { name: "weather", parameters } }];
  const wrong = client.chat.completions.create({ model: "ada", messages, tools });
  await assert.rejects(wrong, { status: 400, param: "tools" });
});

test("what cannot be honoured is named", async () => {
  const wrong = client.chat.completions.create({ model: "ada", messages, logit_bias: { 1: 5 } });
  await assert.rejects(wrong, (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual([error.code, error.param], ["unsupported_parameter", "logit_bias"]);
    return true;
  });
});
