// A trading program on @stoqey/ib: `node stoqey_program.cjs LIBRARY ID PORT...`.
// It visits each port as ibapi_program.py does, and prints the same line of JSON.
"use strict";

const [library, id, ...ports] = process.argv.slice(2);
const { IBApi, EventName } = require(library);
const PATIENCE = 20000; // milliseconds

function client(port) {
  const heard = { errors: [], refused: [] };
  const api = new IBApi({ host: "127.0.0.1", port: Number(port), clientId: Number(id) });
  const note = (error, code, request) => heard.errors.push([request, code, error && error.message]);
  api.on(EventName.error, note);
  api.on(EventName.info, (text, code) => heard.errors.push([-1, code, String(text)]));
  return { api, heard };
}

function until(condition) {
  return new Promise((resolve) => {
    const began = Date.now();
    const look = () => {
      if (condition() || Date.now() - began > PATIENCE) resolve();
      else setTimeout(look, 10);
    };
    look();
  });
}

async function visit(port) {
  const { api, heard } = client(port);
  api.on(EventName.server, (version) => (heard.version = version));
  api.on(EventName.managedAccounts, (accounts) => (heard.accounts = accounts));
  api.on(EventName.nextValidId, (next) => (heard["next ID"] = next));
  api.on(EventName.currentTime, (time) => (heard.time = time));
  api.on(EventName.contractDetails, (request, details) => {
    const about = details.contract;
    heard.contract = [
      ...[request, about.symbol, about.exchange, about.currency, about.conId],
      ...[details.tradingHours, details.liquidHours, details.timeZoneId, details.stockType],
    ];
  });
  api.on(EventName.contractDetailsEnd, (request) => (heard.end = request));
  api.connect();
  await until(() => "accounts" in heard && "next ID" in heard);
  api.reqCurrentTime();
  const spy = { symbol: "SPY", secType: "STK", exchange: "SMART", currency: "USD" };
  api.reqContractDetails(5, spy);
  const answered = () => "end" in heard || heard.errors.some(([, code]) => code === 200);
  await until(() => "time" in heard && answered());
  const second = client(port);
  second.api.connect();
  await until(() => second.heard.errors.some(([, code]) => code === 326));
  heard.refused = second.heard.errors.map(([, code]) => code);
  console.log(JSON.stringify(heard));
}

(async () => {
  for (const port of ports) await visit(port);
  process.exit(0);
})();
