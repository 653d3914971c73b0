// The same as sign.py for seven.io, whose library (npm: @seven.io/client) checks webhooks: what is printed is what it
// found to be right. The first argument is the folder that has it.
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { WebhookVerifier } = createRequire(`${process.argv[2]}/`)("@seven.io/client");
const wanted = JSON.parse(readFileSync(0, "utf8"));
const [stamp, nonce] = [String(Math.floor(Date.now() / 1000)), "0123456789abcdef0123456789abcdef"];
const digest = createHash("md5").update(wanted.body).digest("hex");
const text = [stamp, nonce, "POST", wanted.url, digest].join("\n");
const signature = createHmac("sha256", wanted.secret).update(text).digest("hex");
const headers = {
  "x-timestamp": stamp,
  "x-nonce": nonce,
  "x-signature": signature,
  "content-type": "application/json",
};

const verifier = new WebhookVerifier({ signingSecret: wanted.secret });
const judged = await verifier.verify({ headers, body: wanted.body, url: wanted.url, method: "POST" });
if (!judged.valid) throw new Error(`the library refuses this: ${judged.error}`);
process.stdout.write(JSON.stringify({ url: wanted.url, headers, body: wanted.body }));
