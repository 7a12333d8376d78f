// Keeps the page up to date from one stream of server-sent events.
import { byId, say, show } from './dom.js';
import { Curves } from './curves.js';
import { entryOf, renderRun, renderRuns, renderSilos, renderTimeline } from './views.js';

const retryAfter = 3000;
const curves = new Curves();
let source = null, chosen = null, lastEvent = 0, cluster = null, run = null, runEvents = new Map(), drawn = 0, meanwhile = [];

const asked = () => new URLSearchParams(location.hash.slice(1)).get('run');
const path = name => `/api/runs/${encodeURIComponent(name)}`;
const announce = text => say(byId('announce'), text);

function link(state, text) {
  byId('link').className = 'link ' + state;
  say(byId('link'), text);
}

function render() {
  cancelAnimationFrame(drawn);
  drawn = requestAnimationFrame(() => {
    if (cluster) {
      renderRuns(cluster, chosen);
      renderSilos(cluster);
      show(byId('problem'), !!cluster.problem);
      say(byId('problem'), cluster.problem ?? '');
    }
    show(byId('run'), !!run);
    if (run) {
      renderRun(run);
      curves.render(run.models);
    }
    renderTimeline([...runEvents.values(), ...(cluster?.events ?? []).map(entryOf.silo)], byId('checkpoints').checked);
    document.title = run ? `${run.name}: ${run.phase} – OrleansDDM` : 'OrleansDDM';
  });
}

// What the stream tells while the answer is on its way may be missing in it.
async function readCurves(name) {
  const late = meanwhile = [];
  try {
    const answer = await fetch(path(name) + '/curves');
    const roles = answer.ok ? await answer.json() : null;
    if (roles && name === chosen && late === meanwhile) {
      curves.replace(roles);
      late.forEach(p => curves.addNew(...p));
      render();
    }
  } catch {
    // The stream tells that the silo is gone.
  }
}

function onEvent(e) {
  if (e.number > 0) {
    lastEvent = e.number;
    runEvents.set(e.number, entryOf.run(e));
    if (e.kind === 'fault') {
      announce(`Fault: ${e.message}`);
    }
  }
  for (const point of e.points) {
    curves.add(e.role, point.name, point.step, point.value);
    meanwhile.push([e.role, point.name, point.step, point.value]);
  }
  const model = run?.models.find(m => m.role === e.role);
  if (model && e.kind === 'telemetry') {
    Object.assign(model, { step: e.step, steps: e.steps, loss: e.loss, imagesPerSecond: e.imagesPerSecond, validationLoss: e.validationLoss });
  }
  render();
}

// A token that has ended: nothing comes any more before another one is shown.
async function logInIfAsked() {
  try {
    if ((await fetch('/', { cache: 'no-store' })).status === 401) {
      location.assign('/login');
    }
  } catch {
    // The silo is gone; it is tried again.
  }
}

function connect() {
  source?.close();
  source = new EventSource(chosen === null ? '/api/stream' : `/api/stream?run=${encodeURIComponent(chosen)}&after=${lastEvent}`);
  const mine = source;
  const on = (name, handle) => source.addEventListener(name, message => mine === source && handle(JSON.parse(message.data)));
  source.addEventListener('open', () => {
    link('live', 'Live');
    if (chosen !== null) {
      readCurves(chosen);
    }
  });
  source.addEventListener('error', () => {
    if (mine !== source) {
      return;
    }
    link('lost', 'Connection lost, trying again');
    if (source.readyState === EventSource.CLOSED) {
      logInIfAsked();
      setTimeout(() => mine === source && connect(), retryAfter);
    }
  });
  on('cluster', page => {
    const before = cluster;
    cluster = page;
    for (const silo of page.silos.filter(s => before?.silos.some(b => b.name === s.name && b.status !== s.status))) {
      announce(`Silo ${silo.name} is ${silo.status}`);
    }
    const names = page.runs.map(r => r.name);
    const wanted = names.includes(asked()) ? asked() : names.includes(chosen) ? chosen : (page.runs.find(r => r.phase === 'training') ?? page.runs[0])?.name ?? null;
    if (wanted !== chosen) {
      choose(wanted);
    }
    render();
  });
  on('run', page => {
    if (run && run.name === page.name && run.phase !== page.phase) {
      announce(`Run ${page.name} is ${page.phase}`);

      // Telemetry is best effort; at such a moment what was lost of it is made up for.
      readCurves(page.name);
    }
    run = page;
    render();
  });
  on('event', onEvent);
}

function choose(name) {
  [chosen, run, lastEvent, runEvents] = [name, null, 0, new Map()];
  curves.replace({});
  say(byId('draw-status'), '');
  connect();
}

addEventListener('hashchange', () => {
  if (asked() !== null && asked() !== chosen && cluster?.runs.some(r => r.name === asked())) {
    choose(asked());
    announce(`Run ${asked()} is shown`);
  }
});

addEventListener('resize', render);
byId('checkpoints').addEventListener('change', render);

byId('draw').addEventListener('click', async () => {
  const button = byId('draw'), status = byId('draw-status'), name = chosen;
  button.disabled = true;
  say(status, 'Drawing samples');
  try {
    const answer = await fetch(path(name) + '/samples', { method: 'POST', headers: { 'X-DDM-Request': 'page' } });
    const result = await answer.json();
    say(status, answer.ok ? 'Samples are drawn' : result.error);
    if (answer.ok && run?.name === name) {
      run.samples = result.tag;
      render();
    }
  } catch {
    say(status, 'The silo does not answer');
  }
  button.disabled = false;
});

connect();
