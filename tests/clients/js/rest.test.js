import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";

import { QUESTION, all, client, stranger } from "./ask.js";

test("models are listed and found", async () => {
  const ids = (await all(client.models.list())).map((model) => model.id);
  assert.ok(["convene/auto", "ada", "convene/encoder"].every((id) => ids.includes(id)));
  assert.equal((await client.models.retrieve("ada")).id, "ada");
  await assert.rejects(client.models.retrieve("gpt-9"), OpenAI.NotFoundError);
});

test("texts are embedded whichever way the numbers travel", async () => {
  const input = ["the sea", "the sky"];
  const packed = await client.embeddings.create({ model: "convene/encoder", input });
  const plain = await client.embeddings.create({
    model: "convene/encoder",
    input,
    encoding_format: "float",
  });
  assert.equal(packed.data.length, 2);
  assert.deepEqual(packed.data[1].embedding.map(Math.fround), plain.data[1].embedding.map(Math.fround));
});

test("an unknown model is not found", async () => {
  const wrong = client.chat.completions.create({
    model: "gpt-9",
    messages: [{ role: "user", content: QUESTION }],
  });
  await assert.rejects(wrong, { status: 404, code: "model_not_found", param: "model" });
  await assert.rejects(client.responses.create({ model: "gpt-9", input: QUESTION }), OpenAI.NotFoundError);
});

test("a key that is not known opens nothing", async () => {
  await assert.rejects(stranger.responses.create({ model: "ada", input: QUESTION }), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.code, "invalid_api_key");
    return true;
  });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});
