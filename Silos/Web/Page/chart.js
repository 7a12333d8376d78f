// Line charts as SVG: a line for each model's training loss, dots for its validation loss.
import { el, number, say, sync } from './dom.js';

const space = 'http://www.w3.org/2000/svg';
const height = 240, left = 48, right = 20, top = 10, bottom = 26;
const colours = 8;

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Round values in a range; a logarithmic axis has its powers of ten, and what lies between when there are few of them.
function ticks(from, to, log) {
  if (log) {
    const all = [];
    for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
      const many = Math.log10(to / from) > 2.5;
      all.push(...(many ? [1] : [1, 2, 5]).map(m => m * 10 ** power));
    }
    return all.filter(v => v >= from && v <= to);
  }
  const rough = (to - from) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough);
  const all = [];
  for (let v = Math.ceil(from / step) * step; v <= to; v += step) {
    all.push(v);
  }
  return all;
}

function range(series) {
  const all = series.flatMap(s => [...s.lines, ...s.dots]);
  const steps = Math.max(1, ...series.map(s => s.steps), ...all.map(p => p[0]));
  let low = Math.min(...all.map(p => p[1])), high = Math.max(...all.map(p => p[1]));
  const log = low > 0 && high / low > 20;
  if (low === high) {
    [low, high] = [low - Math.max(1e-6, Math.abs(low) / 10), high + Math.max(1e-6, Math.abs(high) / 10)];
  } else if (!log) {
    [low, high] = [low - (high - low) / 20, high + (high - low) / 20];
  }
  return { steps, low, high, log };
}

/** Draws a chart. series: [{ name, colour, steps, lines: [[step, value]], dots: [[step, value]] }] */
export function draw(figure, title, series) {
  const { steps, low, high, log } = range(series);
  const width = Math.max(240, figure.clientWidth);
  const scale = v => log ? Math.log(v) : v;
  const x = step => left + step / steps * (width - left - right);
  const y = value => top + (scale(high) - scale(value)) / (scale(high) - scale(low)) * (height - top - bottom);
  const place = p => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`;
  const id = `chart-${figure.dataset.key}`;
  const told = series.map(s => [s.name, s.lines.at(-1) ?? s.dots.at(-1)]).filter(([, last]) => last)
    .map(([name, last]) => `${name} ${number(last[1], 3)} at step ${last[0]}`).join('; ');
  const picture = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-labelledby': `${id}-title ${id}-text` },
    svg('title', { id: `${id}-title` }, title),
    svg('desc', { id: `${id}-text` }, `${told}. Dots are validation losses. The same values are in the table below.`));
  for (const value of ticks(low, high, log)) {
    picture.append(
      svg('line', { class: 'grid', x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      svg('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, number(value, 3)));
  }
  for (const value of ticks(0, steps, false)) {
    picture.append(svg('text', { x: x(value), y: height - 8, 'text-anchor': 'middle' }, number(value, 6)));
  }
  for (const s of series) {
    const name = `s${s.colour % colours}`;
    if (s.lines.length > 0) {
      picture.append(svg('path', { class: name, d: 'M' + s.lines.map(place).join('L'), 'data-series': s.name }));
    }
    picture.append(...s.dots.map(p => svg('circle', { class: name, cx: x(p[0]), cy: y(p[1]), r: 3 })));
  }
  if (figure.children.length === 0) {
    figure.append(el('figcaption'), picture, el('ul', { className: 'key' }));
  }
  figure.children[1].replaceWith(picture);
  say(figure.children[0], `${title}${log ? ', logarithmic' : ''}, by step`);
  sync(figure.children[2], series, s => s.name, () => el('li'), (li, s) => {
    if (li.children.length === 0) {
      li.append(svg('svg', { viewBox: '0 0 28 10', 'aria-hidden': 'true' }, svg('line', { class: `s${s.colour % colours}`, x1: 0, x2: 28, y1: 5, y2: 5, 'stroke-width': 2 })), el('span'));
    }
    say(li.lastChild, s.name);
  });
}
