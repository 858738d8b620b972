/* A small trained model on the reader's text: what its stream answers after each part, and what the part adds. */
(function () {
  "use strict";
  const LETTERS = "abcdefghijklmnopqrstuvwxyz ", [V, C, H, F, MOST] = [27, 12, 2, 24, 16], D = C / H;
  // Each break: the lines that it edits, and what it does. Two edits of one line exclude each other.
  const BREAKS = {
    no_stream: ["hears between thinks", "each part replaces the stream"],
    heads_replace: ["hears", "the heads replace the stream"],
    mlp_replaces: ["thinks", "the MLP replaces the stream"],
    stream_twice: ["hears", "the stream is added to itself"],
    added_twice: ["thinks", "what the MLP found is added twice"],
    normed_stream: ["hears", "what the heads found is added to the normed copy"],
    heads_dropped: ["hears", "nobody takes what the heads found"],
    mlp_dropped: ["thinks", "nobody takes what the MLP found"],
    raw_heads: ["before", "the heads read without their norm"],
    raw_mlp: ["between", "the MLP reads without its norm"],
    one_norm: ["between", "the MLP reads through the heads' norm"],
    parallel: ["between", "the MLP reads what the heads read"],
    mlp_first: ["before hears between thinks", "the MLP comes before the heads"],
    no_bend: ["bend", "the MLP does not bend"],
    bend_late: ["bend narrow", "the MLP bends at its end"],
  };
  const { make, draw, on, say, note, digits } = Lab;
  let lab, at; // `at` is the state that is computed: the one shown, or the same unbroken.

  // WEIGHTS holds of each parameter first its step, then its numbers in steps, a letter each.
  let place = 0;
  function number() {
    const code = WEIGHTS.charCodeAt(place++);
    return code - 48 - (code > 91);
  }
  const some = (n, what) => Array.from({ length: n }, what);
  function matrix(rows, columns) {
    const step = 2 ** (number() / 4 - 12);
    return some(rows, () => some(columns, () => (number() - 32) * step));
  }
  const row = (n) => matrix(1, n)[0];
  const normed = () => ({ gain: row(C), bias: row(C) });
  const linear = (from, to) => ({ weight: matrix(to, from), bias: row(to) });
  function block() {
    const before = normed(), [query, key, value, output] = some(4, () => matrix(C, C));
    return { before, query, key, value, output, between: normed(), widen: linear(C, F), narrow: linear(F, C) };
  }
  let model;
  const made = () => model || (model = { table: matrix(V, C), places: matrix(MOST, C), blocks: some(2, block), last: normed(), head: linear(C, V) });

  // block.py and mlp.py line for line: a stream is a list of tokens, each a list of numbers.
  const has = (name) => at.breaks.includes(name);
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const dot = (a, b) => sum(a.map((x, i) => x * b[i]));
  const plus = (a, b) => a.map((x, i) => x + b[i]);
  const add = (a, b) => a.map((one, t) => plus(one, b[t]));
  const times = (m, x) => m.map((r) => dot(r, x));
  const size = (x) => Math.sqrt(dot(x, x) / x.length);
  const put = ({ weight, bias }, x) => plus(times(weight, x), bias);
  function softmax(scores) {
    const most = Math.max(...scores), odds = scores.map((s) => Math.exp(s - most)), total = sum(odds);
    return odds.map((p) => p / total);
  }
  const norm = ({ gain, bias }, xs) => xs.map((x) => {
    const mean = sum(x) / C, rest = x.map((v) => v - mean), power = dot(rest, rest) / C;
    return rest.map((v, i) => (v / Math.sqrt(power + 1e-5)) * gain[i] + bias[i]);
  });

  function heads({ query, key, value, output }, xs) {
    const [q, k, v] = [query, key, value].map((m) => xs.map((x) => times(m, x)));
    const part = (x, h) => x.slice(h * D, h * D + D);
    const head = (t, h) => {
      const weights = softmax(k.slice(0, t + 1).map((one) => dot(part(q[t], h), part(one, h)) / Math.sqrt(D)));
      return some(D, (_, d) => sum(weights.map((w, s) => w * v[s][h * D + d])));
    };
    return xs.map((_, t) => times(output, some(H, (_, h) => head(t, h)).flat()));
  }

  const gelu = (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2;
  function mlp({ widen, narrow }, xs) {
    const straight = has("no_bend") || has("bend_late"), bend = (all) => all.map(gelu);
    const found = (wide) => put(narrow, straight ? wide : bend(wide));
    return xs.map((x) => found(put(widen, x))).map((one) => (has("bend_late") ? bend(one) : one));
  }

  function hears(block, x) {
    const read = has("raw_heads") ? x : norm(block.before, x), found = heads(block, read);
    const onto = has("stream_twice") ? add(x, x) : has("normed_stream") ? read : x;
    const after = has("no_stream") || has("heads_replace") ? found : has("heads_dropped") ? x : add(onto, found);
    return { name: "heads", x, read, found, after };
  }
  function thinks(block, x, heard) {
    const read = has("raw_mlp") ? x : has("parallel") ? heard.read : norm(has("one_norm") ? block.before : block.between, x);
    const found = mlp(block, read), onto = has("added_twice") ? add(x, found) : x;
    const after = has("no_stream") || has("mlp_replaces") ? found : has("mlp_dropped") ? x : add(onto, found);
    return { name: "MLP", x, read, found, after };
  }
  function through(block, x) {
    if (has("mlp_first")) {
      const one = thinks(block, x);
      return [one, hears(block, one.after)];
    }
    const one = hears(block, x);
    return [one, thinks(block, one.after, one)];
  }

  function run(state) {
    at = state;
    const { table, places, blocks, last, head } = made();
    const found = Array.from(state.text, (c) => LETTERS.indexOf(c.toLowerCase())).map((id) => (id < 0 ? V - 1 : id));
    const ids = found.length ? found : [V - 1], token = Math.min(state.token, ids.length - 1);
    const start = ids.map((id, t) => plus(table[id], places[t]));
    const parts = blocks.reduce((all, one) => [...all, ...through(one, all.length ? all.at(-1).after : start)], []);
    const odds = [start, ...parts.map((part) => part.after)].map((xs) => norm(last, xs).map((x) => softmax(put(head, x))));
    const best = odds.map((all) => all.map((p) => Math.max(...p)));
    const right = odds.map((all) => all.slice(0, -1).map((p, t) => p[ids[t + 1]]));
    const of = ({ name, x, read, found, after }) => ({ name, x: x[token], read: read[token], found: found[token], after: after[token] });
    return {
      ids, token, answers: odds.map((all, n) => all.map((p, t) => p.indexOf(best[n][t]))), sure: best, right,
      nats: right.map((all) => -sum(all.map(Math.log)) / all.length), parts: parts.map(of),
    };
  }

  // What broke is read off the numbers of one token, not off the switches.
  const letter = (id) => (id === V - 1 ? "␣" : LETTERS[id]);
  const percent = (p) => Math.round(100 * p) + " %";
  const named = (n) => (n ? "block " + ((n + 1) >> 1) + ", " + ((n % 2 === 1) === lab.has("mlp_first") ? "MLP" : "heads") : "the table and the place");
  function diagnosis(m) {
    const whole = lab.now.breaks.length ? run({ ...lab.now, breaks: [] }) : m;
    const found = [], near = (a, b) => a.every((x, i) => Math.abs(x - b[i]) < 1e-9), end = m.answers.length - 1;
    m.parts.forEach(({ name, x, read, found: adds, after }, n) => {
      const who = named(n + 1), tell = (says) => found.push(who + ": " + says);
      if (near(after, x)) tell("what was found reaches no one.");
      else if (near(after, adds)) tell("what was found is all that is left.");
      else if (near(after, plus(x, plus(adds, adds)))) tell("what was found counts twice.");
      else if (near(after, plus(x, plus(x, adds)))) tell("the stream counts twice.");
      else if (!near(after, plus(x, adds))) tell("what is left is not the stream with what was found.");
      if (near(read, x)) tell("reads the stream at its own size, " + digits(size(x), 1) + ".");
      if (n % 2 && near(read, m.parts[n - 1].read)) tell("reads what the part before it read.");
      if (name === "MLP" && adds.every((v) => v > -0.18)) tell("takes nothing away.");
      if (!(n % 2) && name === "MLP") tell("comes before the heads.");
    });
    const other = m.answers[end].filter((id, t) => id !== whole.answers[end][t]).length;
    if (other) found.push("Another answer than unbroken at " + other + " of " + m.ids.length + " letters.");
    const [now, was] = [m, whole].map((one) => digits(one.nats[end], 2));
    if (now !== was) found.push("The loss on this text is " + now + " nats, and unbroken " + was + ".");
    return found.length ? found : ["Nothing that these numbers could see."];
  }

  // The page.
  const ROWS = ["stream", "reads", "adds", "after"];
  function drawing() {
    const node = draw("svg", { viewBox: "0 0 360 236", role: "img", "aria-label": "the four parts, and the numbers of one token on its way" });
    const boxes = some(4, (_, n) => draw("rect", { x: 62 + 72 * n, y: 24, width: 62, height: 22, rx: 4, class: "end" }));
    const names = boxes.map((_, n) => draw("text", { x: 93 + 72 * n, y: 39 }));
    const ways = boxes.map((_, n) => draw("path", { class: "way", d: "M" + (70 + 72 * n) + " 8 v16 m46 0 v-16" }));
    const bars = ROWS.map(() => some(C, () => draw("rect", { width: 15 })));
    const titles = ROWS.map((name, r) => draw("text", { x: 26, y: 83 + 44 * r }, name)), sizes = ROWS.map((_, r) => draw("text", { x: 342, y: 83 + 44 * r }));
    node.append(draw("line", { x1: 52, x2: 352, y1: 8, y2: 8, class: "stroke" }), ...ways, ...boxes, ...names, ...titles, ...sizes, ...bars.flat());
    function show(m, step) {
      const part = m.parts[step - 1], empty = Array(C).fill(0);
      const rows = part ? [part.x, part.read, part.found, part.after] : [empty, empty, empty, m.parts[0].x];
      const most = Math.max(...rows.flat().map(Math.abs)) || 1;
      boxes.forEach((box, n) => { box.style.setProperty("--heat", n === step - 1 ? 55 : 5); say(names[n], m.parts[n].name + " " + (1 + (n >> 1))); });
      rows.forEach((values, r) => {
        say(sizes[r], values === empty ? "" : digits(size(values), 2));
        values.forEach((v, i) => {
          const tall = (19 * Math.abs(v)) / most;
          for (const [key, to] of Object.entries({ x: 62 + 22 * i, y: 79 + 44 * r - (v > 0 ? tall : 0), height: tall, class: v > 0 ? "up" : "down" })) bars[r][i].setAttribute(key, to);
        });
      });
    }
    return { node, show };
  }

  function build(made) {
    lab = made;
    const text = on(make("textarea", { rows: 1, maxLength: MOST, spellcheck: false }), "input", () => lab.set({ text: text.value.slice(0, MOST) }));
    const lens = Lab.heat("what the stream would answer after each part, and how sure, in %", (token) => lab.set({ token }));
    const guess = lab.question("guess"), picture = drawing(), broke = Lab.findings(), told = make("p", { "aria-live": "polite" }), loss = make("p");
    const step = lab.slider("step", (n) => "step " + n + " of 4: after " + named(n));

    function render() {
      if (text.value !== lab.now.text) text.value = lab.now.text;
      const m = lab.numbers(), t = m.token, n = lab.now.step, open = lab.now.guess !== null;
      const end = m.answers.length - 1, said = (k) => "“" + letter(m.answers[k][t]) + "” (" + percent(m.sure[k][t]) + ")", here = "“" + letter(m.ids[t]) + "”";
      const settled = m.answers.reduce((from, all, k) => (all[t] === m.answers[end][t] ? from : k + 1), 0);
      guess.show("Guess, and its row opens: after which part does the stream at " + here + " settle on its last answer?", m.answers.map((_, k) => named(k)), (yours) =>
        "You said: " + named(yours) + ". At " + here + " it settles after " + named(settled) + ", on " + said(end) + ".");
      const cell = (r, k) => (open || r !== t ? [letter(m.answers[k][r]) + " " + Math.round(100 * m.sure[k][r]), m.right[k][r]] : ["?", 0]);
      const next = (r) => letter(m.ids[r]) + " → " + (r + 1 < m.ids.length ? letter(m.ids[r + 1]) : "?");
      lens.show(["table", ...m.parts.map((part, k) => part.name + " " + (1 + (k >> 1)))], m.ids.map((_, r) => ({ name: next(r), cells: m.answers.map((_, k) => cell(r, k)) })), t);
      const odd = lab.now.text.replace(/[a-z ]/gi, "");
      say(loss, (odd && "Read as spaces: " + odd + " ") + (m.ids.length < 2 ? "" : "Loss on this text, read off after each: " + m.nats.map((x) => digits(x, 2)).join(", ") + " nats a letter."));
      picture.show(m, n);
      const part = m.parts[n - 1];
      if (!open) say(told, "");
      else if (!part) say(told, "At " + here + " the table and the place alone answer " + said(0) + ".");
      else say(told, "At " + here + ", " + named(n) + ": finds numbers of size " + digits(size(part.found), 2) + " beside a stream of size " + digits(size(part.x), 2)
        + ". The stream's answer goes from " + said(n - 1) + " to " + said(n) + ".");
      broke.show(diagnosis(m));
    }
    const state = () => { const m = lab.numbers(); return { ...m, broke: diagnosis(m) }; };
    const parts = [
      make("label", { className: "wide" }, "A text of up to " + MOST + " letters ", text),
      make("div", { className: "wide" }, guess.node),
      make("div", {}, lens.node, loss, note("Each row is a letter and the one that follows: choose one. The darker, the likelier is the one that follows.")),
      make("div", {}, step.node, picture.node, told),
      make("fieldset", { className: "wide" }, make("legend", {}, "Break it"), lab.switches(), broke.node,
        note("This model was taught unbroken and is broken in use; the figures by break show models that were taught broken.")),
      lab.buttons,
    ];
    return { parts, render, state };
  }

  const WEIGHTS = "P=QRcIXO@WM[HaTP`MKTRZUN4Gb^ISDO[dWMGVRSNYS<^FmG`P?NZMKNPMRZl]DCRKW[ea`PJGRFJMTP]ab?Ac]=UMGHU^TNZ8VVTL[SIP=WZ^[[FVNDaHR5IfXAaQNF@BKSNSPT_M6RQWFNLQTJYNC=LGj>OJYMLQB9LXK^ZMO_VE_HYa;OJTIEVMXNdYmTAe?bNKTTdTUBADLMON7YRYXJNXITCSEGXba^K[_@>UZHWWI]FBDKCMQSCUJhPdkFW^LHQJIGPB`3LQUYMMURQeGMVNRDRbcGKXGP?KUL[URLlJb@^jFb]PGE@YP[DNV_6TRIPOL?E[kXKJnSBTKBFRdMNH`HCQOHKTcORKaKITMGIR[LPI^JIQLIIPWJPH[JKPPNNSXMUM_OQSRQQTVNWO_RTTNONPPJTLYORQMNNNKHTLVOQOQSSRLKXQYSVSORQOGIVOTQSPRVUQGLYRUVXSNRQL?GTNNQTNQUTM>HVQNTVPRWVN<IWRMVXQSYWN9JWSKXYQNacgdmb``c_cbGQc@2<85IgaL^O:[HKHTE>oaLXVFTNgJTZ>`TDOCakXi][BEUQBOVYOTNDVNS?`:ZN[AhVHOVRHRQ^KLDX^aCTb^HCPVIN[QXV_KLNHG>NUQIbID]@TJNLIJYPDKTPIX@Y`NJYXJYDYVafL`KN]X1RCIIBVB_`OTWVH<HXOISXSPET^fRJGdCIZSZ8SmUNQ^LLPZS@UMJQWOLU]GETLaZTZ]GJQTNPSILX?HPfLSMYJB;XPEZSOMk^O:OULNZHNRH?^STZBLQQ_KlPUKKWQBLVP[AQZaLHBhOQ[S]SK0ORUBaQKLeNRJFU^FH[RVHZSJUPEZNSpbCJO[HJTTKON<Z>MZQ<acTaLV@GIFIaVaMTK]][MCVDL]SNPFFHbYGS_LMTH]XLJFLdC`ZFU`TTWcQRYXUO>SD^?gEOUXS@P]UCRON=@WPQVOFTZVTMIGXLXNM<_UOIPWEP[RNGKYYIVL[KKOGOPKNKIGUQQVTWSZYNGHNHMNV]oHITO`WEVOQK_S`LVOECOGHNKQKMPFTKWPCWEDSJOFZF^NR^SQQUOTLPJEFKTEfdIASFLfK=VQDSETcNbFSQULX?PZRLRYROfijlcdilkbdkFd?hPMFXU4YZ9NTHTHCOd8SISCWaC;KcQI8aUKLfDb]XY_XZBRcTIRRA>S`bVLKeZPHTZWcRIp[ZZHRMT_3^6EE_QcLScNUUVRIXJ@jQUbcIQMCRGP_bDOPQR`H]TTIMAFNRHjNN9g`N;MRHR[PLGLJS?c_DAI]XULgaA;DLTPNQcLKS]6QI;ABP[XMb?aPUB@R<EUO=NEJadVbW@Y[RA:EC=`cOLC]`MSXBD@bEOA_TO^S`UERMW@Nnc?NDJZMh`PNHZSGXZBNN]VC^JMDCROSDMfFRAbJGOI?L9TEbISHVZMJ?EEH>L]O3Q0D>@TSDHTGNKKKMFXIQ[dCQWME=YXW?FWeQNORGL1XeZGRDLCaKcK]Q[dUM_JC[ZNGTHjTEVRiS[VUS:CUUW`XLjISSKMcJ=MPNSZHTUVIQEM`DWEUQV2YQ][QV^XU=>LBVW;[KIP9RK=NVZL]R;IT`KPL_CkMHIDX@jKMEPROFQ[ZLTLTlBLSVGT^P?RKQa_HjU6PROGF8ITZJMjWlWLM^@LOJJYRIhDVm]FWlTXPQ]PD[_SFX`AJVPNMQ;UNf=c[AMdZe?ARN@IaUdeRLRKKF:^TQGTSRN^RFT3>VPMXHYQKUGCfZEHELZN=FnMhoeglngcegebFOTOCc?NPF8TXNOK7`LSBMohF=UG^cAO[]IYIHKjUKT>WJTAJSaDRJKjM=H_PDYRGWPU;]FY]GEBK?]EhZa]OHM;LHQFVNdGPf]HDA`HHHU^MHOZSYGSZdNaDWQVUESZ6^SXV`QUUcXAOQNJRSCSGGSJZV[OZONeQDmJYJAfnDSWIUi3IQ_LFQXFN]UbPhRPKNB^ZNA7IHINXSSaPOHBbCHQ]_O]7VIYJMXZVARSSHPTQXDj>ZDaQHNJ`>C[XPL;FTN6J[IIPQOAJH>WRLSCNJWSBP`VIEIKFjPY95QWK^ORXQJLIdPMNTYMI[[OMHO^NWhbJP^NKdNITF`RBSZObEIJK`^OSSGRGKNUYKGW]PM^RPUM_^HJSJMP?IDNTHJnNJKOGTNAQJSKSZSCHRcVDFYNRP^TVCEMLbXaFVW8HSOSX`UN`QONGXRPGX[LMETYJK]SBLSTZU4GebTMNEa`VeYBAIVNcSHX^5lcJ]N]UB]P8ZAIRJU?mcBL]?MHIMNVAXNYSYE[cJ:LeDUUUgI_bPLMEaSKJ?^PDUUYW>><cXQRVPSE:LZpQ0MUXa?ZNP>>D<pHfOPDEL>MVWI[ROllflffkdigihI?GSHZNP2?P[MPNYUOFQJQaQPYGTLNQRBYZJLNZ<SbRVSXGJNPYVKeSHHZUMRBPORXUJG[AHMaXXWOHYJNGBQNKKBVOS[STbEF[TUYIPO]MG:Uc@OHRL]WLSMYULDLfVPHTZXP]OMS`N^:HVNG_TIEVPSGXDYHSUKPEgYHNQPQ^YRT[CG^RaTNVYENVAXOU[ETZ=O^VI>TOOMKSMEOYbJKBJaVbZZHPVFWPUEL]^RVJPPQYTMB]>PHPULWMX^QMNULSMBXINYVULR^XVMWGFR:UV^GVYNJIL?MpLNE[SGVTMHKKMENIAVFN:R09JEB@AUIWEAPCNVQIJ^K>HSmSCRLcLKWRLNVG>EJZQDSUIRaQ@YINMM^QXbKQbPG5iQUb`@[LMXVS`X?TGULVRKMD=Q[AOMYVEJf[8AHGhP^YUTQQIQYRXDLFg]FL]ATL?S;QEYWKBUPQTWFLH@MR]_WOTPOLOET>FLTJLHYeWSVAX[JVYPbg>RNOTDZDRNJVJOC_LQMMTNDDUHI^IcCMDDNOHORGgKU`Q<>NPOUaT[0SXPH<gGlL7GU`JPDY]MHgSFTE@aRAVKBQDI@DODhUFSVEdOR[N`IRNO_DKSHOG[WV>GbJFBP_LcX:4cPekeckmfki`afHOO?;45Fop;JQNUJGPR;VXUTC[[RU[KUSGURNLNWRFWYK=NLMLX>PaU`LDBE:RT_QGJ;MXVMC^_7PTPc[XXFLL]UJPXXM2?NRXY`;HXHLD]S[@OSF_N?HWZHEO`BV^`ILE?[YLPdiWmSBDMRUBHEdENTKS`EVHYGVUBY]FHVOL@QGOLWXNWBYXaSI=Q@ZcLNDNUB^LCbPHTUF=Z?JXkUPFC^TM7W]LEJWVS^YJXNRN@ZUCSIKWL^QPPcPIbGBKZT`SKGFaNHQ0E?dVW^UQAQDDLU?fRVYUPWA@E8QVpZYS@]cPY@WeI@EIHUML^LXLhRTJ:VmWQRFGA_:aMR[UL^?TTHHRPd0L^R^c70`QTU3S0`0W";
  Lab.register("block", {
    keeps: {
      text: Lab.text("what shall we do", MOST), token: Lab.number(2, 0, MOST - 1), step: Lab.number(1, 0, 4),
      guess: Lab.number(null, 0, 4), breaks: Lab.breaks(BREAKS),
    },
    style: `& svg { max-width: 27rem; margin: 0 auto .6rem } & .up { fill: var(--demo) } & .down { fill: currentColor; opacity: .6 } & .way { fill: none; stroke: currentColor }`,
    numbers: run, build,
  });
})();
