// Cleans texts by a running service, over its protos:
//   npm ci && node client.mjs 127.0.0.1:50051 "The bridge opened." "Read more »"
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const PROTOS = fileURLToPath(new URL("../../protos", import.meta.url));
const READ = { includeDirs: [PROTOS], keepCase: true, enums: String, longs: Number, oneofs: true };
const DEADLINE_MS = 60_000;

// Strings of JavaScript count UTF-16 units: with these, `text.slice(start, end)` is what went.
export const OPTIONS = { offset_unit: "OFFSET_UNIT_UTF16" };

export function connect(address, credentials = grpc.credentials.createInsecure()) {
  const definition = loader.loadSync("cleaner/v1/cleaner_service.proto", READ);
  const { CleanerService } = grpc.loadPackageDefinition(definition).cleaner.v1;
  return new CleanerService(address, credentials, { "grpc.max_receive_message_length": -1 });
}

// Calls a unary method; rejects with a grpc.ServiceError.
export function call(client, method, request) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + DEADLINE_MS;
    client[method](request, { deadline }, (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}

// Yields the items of batches of documents, in order. A batch is sent when there is room for it.
export async function* stream(client, batches, options = OPTIONS) {
  const duplex = client.StreamClean();
  const sending = (async () => {
    for await (const documents of batches) {
      if (!duplex.write({ options, documents })) {
        await new Promise((resolve) => duplex.once("drain", resolve));
      }
    }
    duplex.end();
  })();
  for await (const response of duplex) yield* response.items;
  await sending;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [address, ...texts] = process.argv.slice(2);
  const client = connect(address);
  const documents = texts.map((text) => ({ kind: "KIND_TEXT", text }));
  const { items } = await call(client, "BatchClean", { options: OPTIONS, documents });
  for (const item of items) console.log(item.error ? item.error.message : item.answer.text);
  client.close();
}
