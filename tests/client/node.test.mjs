// Run by test_languages.py, which starts the service and names it in CLEANER_ADDRESS.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { OPTIONS, call, connect, stream } from "../../examples/node/client.mjs";

const STORY = "The council voted on Monday to rebuild the bridge 🌉 over the river.";
const SOURCE = `${STORY}\n\nSign up for our newsletter\n\n${STORY}\n`;
const INVALID_ARGUMENT = 3;
const client = connect(process.env.CLEANER_ADDRESS);
after(() => client.close());

const text = (content, more = {}) => ({ kind: "KIND_TEXT", text: content, ...more });

function replayed(source, removed) {
  return removed.reduceRight(
    (left, { source_range: range }) => left.slice(0, range.start) + left.slice(range.end),
    source,
  );
}

test("offsets are slices of a JavaScript string", async () => {
  const request = { options: { ...OPTIONS, include_quotes: true }, document: text(SOURCE) };
  const { answer } = await call(client, "Clean", request);
  assert.equal(answer.text, `${STORY}\n\n${STORY}\n`);
  assert.equal(replayed(SOURCE, answer.removed), answer.text);
  const [finding] = answer.removed;
  assert.equal(finding.category, "newsletter");
  assert.equal(SOURCE.slice(finding.source_range.start, finding.source_range.end), finding.quote);
});

test("bytes and markup go as they are", async () => {
  const raw = Buffer.from(`<p>${STORY}</p>`);
  const options = { ...OPTIONS, include_source_text: true };
  const { answer } = await call(client, "Clean", { options, document: { kind: "KIND_HTML", raw } });
  assert.ok(answer.text.includes(STORY));
  assert.ok(answer.source_text.includes(STORY));
});

test("one bad document of a batch is an item of its own", async () => {
  const documents = [text("One."), { text: "no kind" }, text("Three.", { id: "3" })];
  const { items } = await call(client, "BatchClean", { options: OPTIONS, documents });
  assert.deepEqual(items.map((item) => item.outcome), ["answer", "error", "answer"]);
  assert.equal(items[1].error.code, INVALID_ARGUMENT);
  assert.equal(items[2].id, "3");
});

test("a stream keeps the order of more batches than fit into any window", async () => {
  const batches = Array.from({ length: 40 }, (_, n) => [text(`${n}.`, { id: `${n}` }), text(SOURCE)]);
  const items = [];
  for await (const item of stream(client, batches)) items.push(item);
  assert.deepEqual(items.filter((_, n) => n % 2 === 0).map((item) => item.id), batches.map((_, n) => `${n}`));
  assert.ok(items.every((item) => item.outcome === "answer"));
});

test("a wrong option ends the call and says which names there are", async () => {
  const request = { options: { profile: "nope" }, document: text("x") };
  await assert.rejects(call(client, "Clean", request), (error) => {
    assert.equal(error.code, INVALID_ARGUMENT);
    assert.match(error.details, /unknown profile 'nope'; known: .*standard/);
    assert.equal(error.metadata.get("grpc-status-details-bin").length, 1);
    return true;
  });
});
