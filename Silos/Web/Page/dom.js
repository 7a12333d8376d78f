// Small helpers. Text from the cluster only ever becomes text, never markup.

export const byId = id => document.getElementById(id);

/** An element with properties and children; a string child is text. */
export function el(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Makes the children of a parent match items, keeping the elements of items that stay, so that focus and selection stay too. */
export function sync(parent, items, keyOf, make, fill) {
  const old = new Map([...parent.children].map(child => [child.dataset.key, child]));
  items.forEach((item, at) => {
    const key = String(keyOf(item));
    const child = old.get(key) ?? make(item);
    old.delete(key);
    child.dataset.key = key;
    fill(child, item);
    if (parent.children[at] !== child) {
      parent.insertBefore(child, parent.children[at] ?? null);
    }
  });
  old.forEach(child => child.remove());
}

/** Sets text only where it differs, so that a screen reader is not told the same again. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

export function show(element, visible) {
  element.hidden = !visible;
}

/** A row of cells; the first is its heading. */
export function cells(row, values, numbers = []) {
  while (row.children.length < values.length) {
    const first = row.children.length === 0;
    const cell = el(first ? 'th' : 'td');
    if (first) {
      cell.scope = 'row';
    }
    if (numbers.includes(row.children.length)) {
      cell.className = 'number';
    }
    row.append(cell);
  }
  values.forEach((value, i) => {
    if (value instanceof Node) {
      if (row.children[i].firstChild !== value) {
        row.children[i].replaceChildren(value);
      }
    } else {
      say(row.children[i], value);
    }
  });
}

export const number = (value, digits = 4) => value === null || value === undefined ? '–' : Number(value.toPrecision(digits)).toString();

export const bytes = value => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
};

export const clock = iso => new Date(iso).toLocaleTimeString([], { hour12: false });
