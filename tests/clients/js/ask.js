// What the checks share: a client of the service under test, and what its experts say.
import OpenAI from "openai";

const { CONVENE_URL: baseURL, CONVENE_KEY: apiKey } = process.env;

export const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
export const stranger = client.withOptions({ apiKey: "convene_none" });
export const TEXT = "It is 42.\n\n**Really**: 🙂 – the answer is 42.";
export const QUESTION = "What is 6 x 7?";
export const LEGS = "How many legs has a spider?"; // answered in JSON

// All that an asynchronous iterable yields.
export const all = (iterable) => Array.fromAsync(iterable);
