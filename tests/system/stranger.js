// A client on Node with the package nanomsg: gets a clause and proves it from the policy down. No code of the project.
// usage: node stranger.js POLICY URL INSTRUMENT EID      PROTOCOL.md sections 2 to 6
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const nano = require('nanomsg');

const [policyPath, url, instrument, eid] = process.argv.slice(2);
const sha256 = (...parts) => { const hash = crypto.createHash('sha256'); parts.forEach(part => hash.update(part)); return hash.digest(); };
const need = (holds, what) => { if (!holds) { console.error(`does not hold: ${what}`); process.exit(4); } };

// ---- protobuf, as much as is needed
function varint(value) {
    const out = [];
    for (; value > 127; value = Math.floor(value / 128)) out.push(value % 128 + 128);
    return Buffer.from([...out, value]);
}
function field(number, value) {
    const data = Buffer.from(value);
    return Buffer.concat([varint(number * 8 + 2), varint(data.length), data]);
}
function fields(data) {
    const out = {};
    let at = 0;
    const take = () => {
        let value = 0;
        for (let scale = 1; ; scale *= 128) {
            need(at < data.length, 'a number past the end');
            const byte = data[at++];
            value += (byte & 127) * scale;
            if (byte < 128) return value;
        }
    };
    while (at < data.length) {
        const tag = take();
        let value;
        if (tag % 8 === 0) value = take();
        else {
            const length = tag % 8 === 2 ? take() : { 1: 8, 5: 4 }[tag % 8];
            need(length !== undefined && at + length <= data.length, 'a length past the end');
            value = data.subarray(at, at += length);
        }
        (out[Math.floor(tag / 8)] = out[Math.floor(tag / 8)] || []).push(value);
    }
    return out;
}
const first = (message, number, otherwise = Buffer.alloc(0)) => (message[number] || [otherwise])[0];

// ---- proofs
const leaf = data => sha256(Buffer.from([0]), data);
function root(hash, index, size, path) { // RFC 9162 section 2.1.3.2
    let fn = index, sn = size - 1;
    if (index >= size) return null;
    for (const step of path) {
        if (sn === 0) return null;
        if (fn % 2 === 1 || fn === sn) {
            hash = sha256(Buffer.from([1]), step, hash);
            while (fn % 2 === 0 && fn !== 0) { fn /= 2; sn = Math.floor(sn / 2); }
        } else hash = sha256(Buffer.from([1]), hash, step);
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
    }
    return sn === 0 ? hash : null;
}
const leads = (data, index, size, path, to) => { const found = root(leaf(data), index, size, path || []); return found !== null && found.equals(to); };
function ed25519(key, message, signature) {
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]);
    return crypto.verify(null, message, crypto.createPublicKey({ key: der, format: 'der', type: 'spki' }), signature);
}

// ---- whom to trust
const vkey = fs.readFileSync(policyPath, 'utf8').split('\n').filter(line => line.startsWith('log '))[0].split(' ')[1];
const origin = vkey.slice(0, vkey.indexOf('+'));
const pinned = Buffer.from(vkey.slice(origin.length + 10), 'base64').subarray(1);

function state(message) {
    const carried = fields(message);
    const note = first(carried, 1).toString();
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    const lines = text.split('\n');
    const signed = note.split('\n').filter(line => line.startsWith(`\u2014 ${origin} `)).some(
        line => ed25519(pinned, Buffer.from(text), Buffer.from(line.split(' ')[2], 'base64').subarray(4)));
    need(lines[0] === origin && signed, 'the checkpoint');
    const out = { size: Number(lines[1]), root: Buffer.from(lines[2], 'base64') };
    const register = first(carried, 2);
    need(leads(register, out.size - 1, out.size, carried[3], out.root), 'the register is not the last entry');
    const value = name => register.toString().match(new RegExp(`^${name} (.*)$`, 'm'))[1];
    out.line = message => {
        const line = fields(message);
        need(leads(first(line, 1), first(line, 2, 0), Number(value('lines')), line[3], Buffer.from(value('root'), 'base64')), 'a line of the register');
        return first(line, 1).toString();
    };
    return out;
}

function seal(asked, response) {
    const outer = fields(response), seal_ = fields(first(outer, 2)), bytes = first(seal_, 2), head = fields(bytes);
    const kind = 'application/vnd.depositary.seal-head.v1';
    const signed = Buffer.concat([Buffer.from(`DSSEv1 ${kind.length} ${kind} ${bytes.length} `), bytes]);
    need(ed25519(first(seal_, 1), signed, first(seal_, 3)), "the seal's signature");
    const own = Buffer.concat([Buffer.from('depositary/answer/v1\n'), sha256(asked), sha256(first(outer, 1))]);
    need(leads(own, first(seal_, 4, 0), first(head, 2, 0), seal_[5], first(head, 3)), 'the answer is not in the sealed batch');
    need(first(head, 1).toString() === origin, "the seal's origin");
    need(Math.abs(first(fields(first(head, 4)), 1, 0) - Date.now() / 1000) <= 120, "the seal's time");
    return { key: first(seal_, 1), size: first(head, 5, 0), root: first(head, 6), answer: fields(first(outer, 1)), at: first(fields(first(head, 4)), 1, 0) };
}

const socket = nano.socket('req');
socket.connect(url);
const ask = (method, message) => new Promise(resolve => {
    const asked = Buffer.concat([field(1, method), field(2, message), field(3, crypto.randomBytes(16))]);
    socket.once('data', response => resolve(seal(asked, response)));
    socket.send(asked);
});

async function keyIsGood(sealed) {
    const told = await ask('/depositary.v1.LedgerService/GetAnswerKey', field(1, sealed.key));
    const message = fields(first(told.answer, 2)), record = first(message, 1), ledger = state(first(message, 15));
    need(leads(record, first(message, 2, 0), ledger.size, message[3], ledger.root), 'the record of the answer key');
    const name = sealed.key.toString('base64'), words = record.toString();
    need(words.startsWith('depositary/key/v1\n') && words.includes(`\npublic-key ${name}\n`), 'the record of another key');
    const moment = new Date(sealed.at * 1000).toISOString().replace(/\.\d+Z/, 'Z');
    need(words.match(/^not-before (.*)$/m)[1] <= moment && moment < words.match(/^not-after (.*)$/m)[1], "the key's window");
    need(ledger.line(first(message, 4)) === `key ${name} active ${leaf(record).toString('base64')}`, 'the key is not active');
}

async function main() {
    const sealed = await ask('/depositary.v1.DepositaryService/GetClause', field(1, Buffer.concat([field(1, instrument), field(4, eid)])));
    const message = fields(first(sealed.answer, 2)), ledger = state(first(message, 15));
    need(sealed.size === ledger.size && sealed.root.equals(ledger.root), 'sealed from another state');
    await keyIsGood(sealed);
    const certified = fields(first(message, 1)), words = fields(first(certified, 1)), edition = fields(message[14][first(certified, 2, 0)]);
    const record = first(edition, 1), value = name => record.toString().match(new RegExp(`^${name} (.*)$`, 'm'))[1];
    need(leads(record, first(edition, 2, 0), ledger.size, edition[3], ledger.root), 'the edition is not in the ledger');
    need(ledger.line(first(edition, 4)) === `edition ${instrument} ${value('language')} ${value('edition')} ${leaf(record).toString('base64')}`, 'not the latest edition');
    const text = first(words, 4);
    const printed = Buffer.concat([Buffer.from(`depositary/clause/v1\ninstrument ${instrument}\nlanguage ${value('language')}\nclause ${eid}\nlength ${text.length}\n\n`), text]);
    need(leads(printed, first(certified, 3, 0), Number(value('clauses')), certified[4], Buffer.from(value('clauses-root'), 'base64')), 'the clause is not in the edition');
    process.stdout.write(text, () => process.exit(0));
}
setTimeout(() => { console.error('no answer'); process.exit(3); }, 15000);
main().catch(error => { console.error(error.message); process.exit(4); });
