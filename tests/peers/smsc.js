// An SMSC by an independent implementation (node-smpp). Arguments: the folder with node_modules, system_id, password,
// and optionally a file with certificate and key, for TLS.
// Tells one JSON object per line on standard output: first {port}, then every bind and submit_sm it decoded.
// What it answers depends on the destination, see tests/peers/sms_numbers.py.
const fs = require("fs");
const path = require("path");
const [cache, systemId, password, certificate] = process.argv.slice(2);
const smpp = require(path.resolve(cache, "node_modules", "smpp"));

const tell = (record) => process.stdout.write(JSON.stringify(record) + "\n");
const STATUS = {
  31600000001: smpp.ESME_RINVDSTADR,
  31600000002: smpp.ESME_RTHROTTLED,
  31600000004: smpp.ESME_RSYSERR,
  31600000007: smpp.ESME_RMSGQFUL,
};
let messages = 0;

const pem = certificate && fs.readFileSync(certificate);
const server = smpp.createServer(pem ? { cert: pem, key: pem } : {}, (session) => {
  session.on("error", () => {});
  session.on("bind_transmitter", (pdu) => {
    tell({ event: "bind", system_id: pdu.system_id });
    let status = smpp.ESME_ROK;
    if (pdu.system_id !== systemId) status = smpp.ESME_RINVSYSID;
    else if (pdu.password !== password) status = smpp.ESME_RINVPASWD;
    session.send(pdu.response({ command_status: status }));
  });
  session.on("submit_sm", (pdu) => submitted(session, pdu));
  session.on("unbind", (pdu) => session.send(pdu.response(), () => session.close()));
});

function submitted(session, pdu) {
  const to = pdu.destination_addr;
  if (to === "31600000003") return session.socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  if (to === "31600000005") return undefined;
  if (to === "31600000006") return session.socket.destroy();
  if (STATUS[to]) return session.send(pdu.response({ command_status: STATUS[to] }));
  tell({
    event: "submit",
    to,
    to_ton: pdu.dest_addr_ton,
    from: pdu.source_addr,
    from_ton: pdu.source_addr_ton,
    text: pdu.short_message.message,
    udh: pdu.short_message.udh ? Array.from(pdu.short_message.udh[0]) : null,
    data_coding: pdu.data_coding,
  });
  const answer = () => session.send(pdu.response({ message_id: String(++messages) }));
  if (to === "31600000008") session.enquire_link({}, answer); // answers only to a client that is alive
  else answer();
  return undefined;
}

server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
process.stdin.on("end", () => process.exit(0)).resume();
