import assert from "node:assert/strict";
import { test } from "node:test";

import { all, client } from "./ask.js";

const QUESTION = "What is it like in Paris and Lima?";
const SAID = "I ask. ";
const CITIES = ["Paris", "Lima"];
const parameters = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ type: "function", name: "weather", parameters, strict: false }];

const calls = (response) => response.output.filter((item) => item.type === "function_call");
const outputs = (response) =>
  calls(response).map(({ call_id }) => ({ type: "function_call_output", call_id, output: "mild" }));

const plain = (asked) => client.responses.create(asked);
const streamed = (asked) => client.responses.stream(asked).finalResponse();

for (const [how, ask] of Object.entries({ plain, streamed })) {
  for (const model of ["ada", "convene/everyone"]) {
    test(`tools are called and their outputs are read, ${how}, by ${model}`, async () => {
      const first = await ask({ model, input: QUESTION, tools });
      assert.equal(first.output_text, SAID);
      assert.deepEqual(calls(first).map((call) => JSON.parse(call.arguments).city), CITIES);
      const on = { model, tools, previous_response_id: first.id };
      const then = await ask({ ...on, input: outputs(first) });
      assert.equal(then.output_text.trim(), "It is mild.");
      assert.deepEqual(calls(then), []);
    });

    test(`an output is sent back with what its calls came to, ${how}, by ${model}`, async () => {
      const input = [{ role: "user", content: QUESTION }];
      const first = await ask({ model, input, tools, store: false });
      input.push(...first.output, ...outputs(first));
      const then = await ask({ model, input, tools, store: false });
      assert.equal(then.output_text.trim(), "It is mild.");
    });
  }
}

test("a stream's events make the response that is kept, item by item", async () => {
  const stream = client.responses.stream({ model: "ada", input: QUESTION, tools });
  const events = await all(stream);
  const final = await stream.finalResponse();
  const kept = await client.responses.retrieve(final.id);
  const of = (kind) => events.filter((event) => event.type === `response.${kind}`);
  assert.deepEqual(of("output_item.done").map((event) => event.item), kept.output);
  assert.deepEqual(of("output_item.done").map((event) => event.output_index), [0, 1, 2]);
  for (const done of of("function_call_arguments.done")) {
    const deltas = of("function_call_arguments.delta").filter(
      (event) => event.item_id === done.item_id,
    );
    assert.equal(deltas.map((event) => event.delta).join(""), done.arguments);
  }
  assert.deepEqual(final.output.map((item) => item.id), kept.output.map((item) => item.id));
});

test("a call without its output is refused", async () => {
  const first = await plain({ model: "ada", input: QUESTION, tools });
  const wrong = plain({ model: "ada", input: "So?", previous_response_id: first.id });
  await assert.rejects(wrong, { status: 400, param: "input" });
});

test("an output of no call is refused by name", async () => {
  const input = [
    { role: "user", content: QUESTION },
    { type: "function_call_output", call_id: "call_9", output: "mild" },
  ];
  await assert.rejects(plain({ model: "ada", input }), { status: 400, param: "input.1.call_id" });
});
