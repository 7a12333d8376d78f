// The metrics of the run that is shown: role -> metric -> [[step, value]], as read at first and as events add to it.
import { byId, cells, el, number, sync } from './dom.js';
import { draw } from './chart.js';

const most = 800;
const train = 'loss/train', validation = 'loss/validation';
const tableRows = 12;

export class Curves {
  #roles = {};

  replace(roles) {
    this.#roles = roles;
  }

  /** Adds one value. A step that is not new tells that a model went on from an older checkpoint: what lies beyond is gone. */
  add(role, name, step, value) {
    const points = (this.#roles[role] ??= {})[name] ??= [];
    while (points.length > 0 && points.at(-1)[0] >= step) {
      points.pop();
    }
    points.push([step, value]);
    if (points.length > most) {
      this.#roles[role][name] = points.filter((_, i) => i % 2 === 1 || i === points.length - 1);
    }
  }

  /** Adds one value unless a newer or the same one is there. */
  addNew(role, name, step, value) {
    if (!(this.#roles[role]?.[name]?.at(-1)?.[0] >= step)) {
      this.add(role, name, step, value);
    }
  }

  render(models) {
    const of = (role, name) => this.#roles[role]?.[name] ?? [];
    const experts = models.filter(m => m.role !== 'router');
    const groups = [
      { key: 'experts', title: 'Loss of the experts', models: experts },
      { key: 'router', title: 'Loss of the router', models: models.filter(m => m.role === 'router') },
    ].filter(g => g.models.some(m => of(m.role, train).length + of(m.role, validation).length > 0));
    sync(byId('charts'), groups, g => g.key, () => el('figure'), (figure, g) => draw(figure, g.title, g.models.map(m => ({
      name: m.role,
      colour: m.role === 'router' ? 0 : experts.indexOf(m),
      steps: m.steps,
      lines: of(m.role, train),
      dots: of(m.role, validation),
    }))));
    this.#table(models.map(m => m.role), role => of(role, train));
  }

  // A dozen steps are enough to hear how the loss goes.
  #table(roles, of) {
    const steps = [...new Set(roles.flatMap(role => of(role).map(p => p[0])))].sort((a, b) => a - b);
    const every = Math.max(1, Math.ceil(steps.length / tableRows));
    const shown = steps.filter((_, i) => (steps.length - 1 - i) % every === 0);
    const table = byId('loss-table');
    if (!table.tHead) {
      table.append(el('caption', { textContent: 'Training loss', className: 'hidden-visually' }), el('thead', {}, el('tr')), el('tbody'));
    }
    sync(table.tHead.rows[0], ['Step', ...roles], r => r, () => el('th', { scope: 'col' }), (th, r) => { th.textContent = r; });
    const at = (role, step) => of(role).findLast(p => p[0] <= step)?.[1];
    sync(table.tBodies[0], shown, s => s, () => el('tr'), (tr, s) => cells(tr, [String(s), ...roles.map(role => number(at(role, s), 3))]));
  }
}
