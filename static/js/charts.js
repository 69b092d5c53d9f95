/* Charts. A page includes _charts.html; <c-chart> writes the element and its data.
 *
 * ECharts is loaded when the browser is idle, one chart is drawn per idle slot and only when it comes into view, so a
 * page is usable before its charts are. Tooltips are DOM nodes whose colours are set through CSSOM: the strict content
 * security policy allows no style attribute. Colours are the hex tokens of app.css, read again when the theme changes.
 *
 * Data of each kind (all share unit, percent: true for shares of 1, digits):
 *   stack    {x: [labels], series: [{name, data}], line?: {name, data, unit?}}   the line has its own axis and unit
 *   line     {x: [labels], series: [{name, data, dashed?, area?}], y?: axis name}
 *   bars     {items: [{name, value}]}                         horizontal, in the order given
 *   sizes    {items: [{name, value}]}                         upright, each in its group's colour
 *   scatter  {x: axis name, y: axis name, series: [{name, data: [[x, y], …]}]}
 *   heat     {x: [labels], y: [labels], cells: [[xi, yi, value], …], xname?, yname?, labels?}
 *   radar    {axes: [names], max, series: [{name, data, dashed?}]}
 *   sankey   {nodes: [{name, label?}], links: [{source, target, value}]}
 *   interval {items: [{name, value, low, high, muted?}], reference?: {name, value}}
 *   box      {items: [{name, data: [min, q1, median, q3, max]}]}
 */
(() => {
  "use strict";
  const { kinds, formatter, element } = window.relataChartKinds;
  const LIBRARY = document.currentScript.dataset.echarts;
  const LANGUAGE = document.documentElement.lang;
  const TABLE_ROWS = 200;

  const drawn = new Map();
  const waiting = [];
  let isPumping = false;
  let library;

  const whenIdle = (work) => (window.requestIdleCallback ? requestIdleCallback(work, { timeout: 800 }) : setTimeout(work, 30));
  const dataOf = (node) => JSON.parse(document.getElementById(node.dataset.src).textContent);

  // --- Drawing ----------------------------------------------------------------------------------------------
  function isEmpty(data) {
    const parts = data.items ?? data.cells ?? data.links ?? data.series;
    return !parts || parts.length === 0 || (data.series && data.series.every((series) => series.data.length === 0));
  }

  function draw(node) {
    const data = dataOf(node);
    if (isEmpty(data)) {
      node.classList.add("chart-empty");
      node.textContent = node.dataset.empty;
      return;
    }
    const locale = LANGUAGE.startsWith("zh") ? "ZH" : "EN";
    const chart = drawn.get(node) ?? window.echarts.init(node, null, { renderer: "canvas", locale });
    drawn.set(node, chart);
    chart.setOption(kinds[node.dataset.chart](data, node.clientWidth), true);
  }

  function pump() {
    if (isPumping || waiting.length === 0) return;
    isPumping = true;
    whenIdle(() => {
      const node = waiting.shift();
      if (node.isConnected) draw(node);
      isPumping = false;
      pump();
    });
  }

  function load() {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = LIBRARY;
      script.onload = resolve;
      script.onerror = reject;
      whenIdle(() => document.head.append(script));
    });
    return library;
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      seen.unobserve(entry.target);
      load().then(() => {
        waiting.push(entry.target);
        pump();
      });
    }
  }, { rootMargin: "150px" });

  function find() {
    for (const [node, chart] of drawn) {
      if (node.isConnected) continue;
      chart.dispose();
      drawn.delete(node);
    }
    for (const node of document.querySelectorAll("[data-chart]:not([data-chart-found])")) {
      node.dataset.chartFound = "1";
      seen.observe(node);
    }
  }

  // --- The same data as a table -----------------------------------------------------------------------------
  const byItem = (data, format) => ({ head: ["", data.unit ?? ""], rows: data.items.map((item) => [item.name, format(item.value)]) });
  const byLabel = (data, format) => {
    const series = [...data.series, ...(data.line ? [data.line] : [])];
    const written = (each, place) => (each === data.line ? formatter(each) : format)(each.data[place]);
    return {
      head: ["", ...series.map((each) => each.name)],
      rows: data.x.map((label, place) => [label, ...series.map((each) => written(each, place))]),
    };
  };
  const TABLES = {
    stack: byLabel,
    line: byLabel,
    bars: byItem,
    sizes: byItem,
    scatter: (data, format) => ({
      head: ["", data.x, data.y],
      rows: data.series.flatMap((each) => each.data.map(([x, y]) => [each.name, format(x), format(y)])),
    }),
    heat: (data, format) => {
      const rows = data.y.map((label) => [label, ...data.x.map(() => "")]);
      for (const [x, y, value] of data.cells) rows[y][x + 1] = format(value);
      return { head: ["", ...data.x], rows };
    },
    radar: (data, format) => ({
      head: ["", ...data.series.map((each) => each.name)],
      rows: data.axes.map((axis, place) => [axis, ...data.series.map((each) => format(each.data[place]))]),
    }),
    sankey: (data, format) => {
      const shown = new Map(data.nodes.map((node) => [node.name, node.label ?? node.name]));
      return { head: ["", "", ""], rows: data.links.map((link) => [shown.get(link.source), shown.get(link.target), format(link.value)]) };
    },
    interval: (data, format) => ({
      head: ["", "", "–", "+"],
      rows: data.items.map((item) => [item.name, format(item.value), format(item.low), format(item.high)]),
    }),
    box: (data, format) => ({ head: ["", "min", "25 %", "50 %", "75 %", "max"], rows: data.items.map((item) => [item.name, ...item.data.map(format)]) }),
  };

  function row(tag, cells) {
    const line = element("tr");
    line.append(...cells.map((text, place) => element(tag, place ? "num" : "", String(text))));
    return line;
  }

  function fillTable(holder) {
    const node = document.getElementById(holder.dataset.tableOf);
    const data = dataOf(node);
    const { head, rows } = TABLES[node.dataset.chart](data, formatter(data));
    const table = element("table", "table table-sm mb-0");
    const parts = [element("thead"), element("tbody")];
    parts[0].append(row("th", head));
    parts[1].append(...rows.slice(0, TABLE_ROWS).map((cells) => row("td", cells)));
    if (rows.length > TABLE_ROWS) parts[1].append(row("td", ["…"]));
    table.append(...parts);
    holder.replaceChildren(table);
  }

  document.addEventListener("toggle", (event) => {
    const holder = event.target.open && event.target.matches(".chart-table") && event.target.querySelector("[data-table-of]");
    if (holder && !holder.firstChild) fillTable(holder);
  }, true);

  // --- When to draw again -----------------------------------------------------------------------------------
  function redraw() {
    for (const node of drawn.keys()) draw(node);
  }

  let resizing;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      for (const [node, chart] of drawn) {
        chart.resize();
        draw(node);
      }
    }, 120);
  });
  document.addEventListener("relata:theme", redraw);
  document.addEventListener("htmx:after:swap", find);
  find();
})();
