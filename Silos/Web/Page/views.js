// Turns what the silo tells into elements.
import { byId, bytes, cells, clock, el, number, say, show, sync } from './dom.js';

const tone = phase => ['ready', 'done', 'active'].includes(phase) ? 'good' : ['faulted', 'dead', 'unreachable', 'unreadable'].includes(phase) ? 'bad' : '';

export function renderRuns(page, chosen) {
  show(byId('no-runs'), page.runs.length === 0);
  sync(byId('runs'), page.runs, r => r.name, r => el('li', {},
    el('a', { href: '#run=' + encodeURIComponent(r.name), textContent: r.name }), el('p'), el('progress', { max: 1 })), (li, run) => {
    const [link, facts, bar] = li.children;
    li.classList.toggle('chosen', run.name === chosen);
    link.ariaCurrent = run.name === chosen ? 'true' : null;
    facts.className = 'fact ' + tone(run.phase);
    say(facts, `${run.phase} · ${run.data} · ${run.experts} ${run.experts === 1 ? 'expert' : 'experts'}`);
    bar.value = run.steps > 0 ? run.step / run.steps : 0;
    bar.ariaLabel = `Steps of ${run.name}`;
  });
}

export function renderRun(run) {
  const done = run.models.reduce((sum, m) => sum + m.step, 0), all = run.models.reduce((sum, m) => sum + m.steps, 0);
  say(byId('run-title'), `Run ${run.name}: ${run.phase}`);
  say(byId('run-facts'), `${run.data} · ${run.models.length} models · ${done} of ${all} steps${run.waiting ? ` · waits for ${run.waiting}` : ''}`);
  show(byId('run-message'), !!run.message);
  say(byId('run-message'), run.message ?? '');
  sync(byId('models'), run.models, m => m.role, () => el('tr'), (tr, m) => {
    const bar = tr.querySelector('progress') ?? el('progress', { max: 1 });
    bar.value = m.steps > 0 ? m.step / m.steps : 0;
    bar.ariaLabel = `Steps of ${m.role}`;
    const steps = tr.querySelector('.steps') ?? el('span', { className: 'steps' }, bar, el('span'));
    say(steps.lastChild, `${m.step} / ${m.steps || '?'}`);
    cells(tr, [m.role, m.phase, steps, number(m.loss), number(m.validationLoss), number(m.imagesPerSecond, 3), m.place ?? (m.waiting ? `waits for ${m.waiting}` : '–')], [3, 4, 5]);
    tr.children[1].className = tone(m.phase);
  });
  const size = [...new Map(run.artifacts.map(a => [a.sha256, a.bytes])).values()].reduce((sum, b) => sum + b, 0);
  say(byId('artifacts-facts'), `${run.artifacts.length} artifacts, ${bytes(size)}`);
  sync(byId('artifacts'), run.artifacts, a => `${a.role} ${a.kind} ${a.sha256}`, () => el('tr'), (tr, a) => cells(tr, [
    a.role, a.kind, a.step === null ? '–' : String(a.step), bytes(a.bytes), tr.querySelector('code') ?? el('code', { textContent: a.sha256.slice(0, 12), title: a.sha256 }),
    a.holders ? `${a.holders.length}: ${a.holders.join(', ')}` : '–'], [2, 3]));
  const picture = byId('samples');
  show(picture, !!run.samples);
  show(byId('no-samples'), !run.samples && !run.canDraw);
  show(byId('draw'), run.canDraw);
  const source = run.samples ? `/api/runs/${encodeURIComponent(run.name)}/samples.png?${run.samples}` : '';
  if (source && picture.getAttribute('src') !== source) {
    picture.src = source;
    picture.alt = `Samples that the ensemble of run ${run.name} has drawn`;
  }
}

export function renderSilos(page) {
  const under = byId('under-replicated');
  show(under, page.silos.some(s => s.artifacts));
  under.className = page.underReplicated > 0 ? 'fact bad' : 'fact';
  say(under, page.underReplicated > 0
    ? `${page.underReplicated} ${page.underReplicated === 1 ? 'artifact has' : 'artifacts have'} too few copies: another failure may lose ${page.underReplicated === 1 ? 'it' : 'them'}`
    : 'All artifacts have their copies');
  sync(byId('silos'), page.silos, s => s.name, s => el('li', {},
    el('h3', { textContent: s.name }), el('p'), el('ul', { className: 'slots', ariaLabel: `Slots of ${s.name}` })), (li, silo) => {
    const [, facts, slots] = li.children;
    const silent = silo.status === 'active' && !silo.slots;
    facts.className = 'fact ' + (silent ? 'bad' : tone(silo.status));
    const held = silo.artifacts ? ` · ${silo.artifacts.count} artifacts, ${bytes(silo.artifacts.bytes)}${silo.artifacts.quarantined > 0 ? `, ${silo.artifacts.quarantined} in quarantine` : ''}` : '';
    say(facts, `${silent ? 'does not answer' : silo.status} · ${silo.address}${silo.device ? ` · ${silo.device}` : ''}${silo.name === page.self ? ' · serves this page' : ''}${held}`);
    show(slots, !!silo.slots);
    sync(slots, silo.slots ?? [], s => s.index, () => el('li'), (item, slot) => {
      const training = slot.sessions.map(key => key.replace(/^model\//, '')).join(', ');
      item.className = slot.waiting > 0 ? 'busy' : '';
      say(item, `slot ${slot.index}${slot.device === 'cpu' ? '' : ` (${slot.device})`}: ${training || (slot.waiting > 0 ? 'busy' : 'free')}${slot.waiting > 1 ? ` · ${slot.waiting} in its queue` : ''}`);
    });
  });
}

const words = {
  phase: e => e.message ? `Run is ${e.phase}${e.message === e.phase ? '' : ': ' + e.message}` : `Run is ${e.phase}`,
  checkpoint: e => `${e.role}: checkpoint at step ${e.step}${e.validationLoss === null ? '' : `, validation loss ${number(e.validationLoss)}`}`,
  fault: e => `Fault: ${e.message ?? e.role}`,
  done: e => `${e.role} is trained`,
};

/** A run's event or a silo's as { key, time, text, bad, checkpoint }. */
export const entryOf = {
  run: e => ({ key: `r${e.number}`, time: e.time, text: words[e.kind]?.(e) ?? e.kind, bad: e.kind === 'fault' || e.phase === 'faulted', checkpoint: e.kind === 'checkpoint' }),
  silo: e => ({ key: `s${e.silo}${e.time}`, time: e.time, text: `Silo ${e.silo} is ${e.status}`, bad: e.status === 'dead', checkpoint: false }),
};

export function renderTimeline(entries, withCheckpoints) {
  const shown = entries.filter(e => withCheckpoints || !e.checkpoint).sort((a, b) => b.time.localeCompare(a.time)).slice(0, 200);
  sync(byId('timeline'), shown, e => e.key, e => el('li', { className: e.bad ? 'bad' : '' },
    el('time', { dateTime: e.time, textContent: clock(e.time), title: e.time }), el('span', { textContent: e.text })), () => {});
}
