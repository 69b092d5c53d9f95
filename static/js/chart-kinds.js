// What each kind of chart looks like: data in, ECharts options out. The data is described at the top of charts.js.
(() => {
  "use strict";
  const LANGUAGE = document.documentElement.lang;
  const SYMBOLS = ["circle", "triangle", "rect", "diamond", "roundRect", "arrow", "pin", "circle"];
  const CURRENCY_SIGN = /^(\p{Sc}|[A-Z]{0,3}\$|[A-Z]{3}$)/u;
  const NARROW = 480;

  // --- Words, figures and colours ---------------------------------------------------------------------------
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const palette = () => [1, 2, 3, 4, 5, 6, 7, 8].map((number) => token(`chart-${number}`));

  function formatter(data, compact = false) {
    const options = compact ? { notation: "compact", maximumFractionDigits: 1 } : { maximumFractionDigits: data.digits ?? 2 };
    if (data.percent) Object.assign(options, { style: "percent", notation: "standard", maximumFractionDigits: data.digits ?? 1 });
    if (data.fixed) options.minimumFractionDigits = options.maximumFractionDigits;
    const figure = new Intl.NumberFormat(LANGUAGE, options);
    const unit = data.unit ?? "";
    return (value) => {
      if (value === null || value === undefined || Number.isNaN(value)) return "—";
      if (typeof value !== "number") return String(value);
      if (!unit) return figure.format(value);
      return CURRENCY_SIGN.test(unit) ? `${unit} ${figure.format(value)}` : `${figure.format(value)} ${unit}`;
    };
  }

  function element(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  // --- Parts shared by the kinds ----------------------------------------------------------------------------
  function tipRow(colour, name, value) {
    const row = element("div", "chart-tip-row");
    const mark = element("span", "chart-tip-mark");
    mark.style.background = typeof colour === "string" ? colour : token("chart-1");
    row.append(mark, element("span", "", name), element("span", "chart-tip-value", value));
    return row;
  }

  function tip(title, rows) {
    const box = element("div", "chart-tip");
    if (title) box.append(element("div", "fw-bold", title));
    box.append(...rows);
    return box;
  }

  const tooltip = (formatTip, trigger = "axis") => ({
    trigger,
    formatter: formatTip,
    confine: true,
    backgroundColor: token("surface"),
    borderColor: token("grid"),
    textStyle: { color: token("ink") },
  });

  // The line of a stacked chart counts something else than its bars, so it has a unit of its own.
  function axisTip(format, lineFormat = format) {
    return (points) => {
      const shown = points.filter((point) => point.seriesType !== "boxplot");
      return tip(shown[0]?.axisValueLabel, shown.map((point) => tipRow(point.color, point.seriesName, (point.seriesType === "line" ? lineFormat : format)(point.value))));
    };
  }

  const axis = (options) => ({
    axisLine: { lineStyle: { color: token("grid") } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: token("grid") } },
    nameTextStyle: { color: token("axis") },
    ...options,
    axisLabel: { color: token("axis"), hideOverlap: true, ...options.axisLabel },
  });

  function base(seriesCount = 0) {
    return {
      color: palette(),
      animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      animationDuration: 400,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: token("axis") },
      legend: {
        show: seriesCount > 1,
        bottom: 0,
        type: seriesCount > 5 ? "scroll" : "plain",
        icon: "roundRect",
        itemWidth: 10,
        itemHeight: 10,
        textStyle: { color: token("axis") },
        pageTextStyle: { color: token("axis") },
        pageIconColor: token("axis"),
        pageIconInactiveColor: token("grid"),
      },
      grid: { left: 8, right: 12, top: 16, bottom: seriesCount > 1 ? 34 : 8, containLabel: true },
    };
  }

  const categories = (labels) => axis({ type: "category", data: labels, splitLine: { show: false } });
  const figures = (data, options = {}) => {
    const format = formatter(data, true);
    return axis({ type: "value", ...options, axisLabel: { formatter: format } });
  };
  // A name axis may take a third of the width; longer names are cut there and whole in the tooltip.
  const names = (labels, width) =>
    axis({ type: "category", data: labels, inverse: true, splitLine: { show: false }, axisLine: { show: false },
      axisLabel: { width: Math.round(width * (width < NARROW ? 0.3 : 0.36)), overflow: "truncate", hideOverlap: false } });

  // --- The kinds: (data, width in px) -> ECharts options ----------------------------------------------------
  function stack(data) {
    const format = formatter(data);
    const bars = data.series.map((series) => ({ name: series.name, data: series.data, type: "bar", stack: "all", barMaxWidth: 24, emphasis: { focus: "series" } }));
    const top = bars.at(-1);
    if (top) top.itemStyle = { borderRadius: [3, 3, 0, 0] };
    const yAxis = [figures(data)];
    if (data.line) {
      // Without its own grid lines the second axis would cross the first one's.
      yAxis.push(axis({ type: "value", splitLine: { show: false }, minInterval: 1 }));
      bars.push({ name: data.line.name, data: data.line.data, type: "line", yAxisIndex: 1, smooth: 0.25, symbolSize: 6 });
    }
    return { ...base(bars.length), tooltip: tooltip(axisTip(format, formatter(data.line ?? {}))), xAxis: categories(data.x), yAxis, series: bars };
  }

  function line(data) {
    const series = data.series.map((each, place) => ({
      name: each.name,
      data: each.data,
      type: "line",
      symbol: SYMBOLS[place % SYMBOLS.length],
      symbolSize: 5,
      showSymbol: each.data.length <= 40,
      lineStyle: { width: 2, type: each.dashed ? "dashed" : "solid" },
      ...(each.area ? { areaStyle: { opacity: 0.15 } } : {}),
    }));
    const top = data.y ? { grid: { ...base(series.length).grid, top: 34 } } : {};
    const yAxis = figures(data, { name: data.y, nameTextStyle: { color: token("axis"), align: "left" }, scale: Boolean(data.scale) });
    return { ...base(series.length), ...top, tooltip: tooltip(axisTip(formatter(data))), xAxis: { ...categories(data.x), boundaryGap: false }, yAxis, series };
  }

  function itemTip(format, prefix = "") {
    return (point) => tip(prefix, [tipRow(point.color, point.name, format(point.data?.value ?? point.value))]);
  }

  function bars(data, width) {
    const format = formatter(data);
    const items = data.items.map(({ name, value }) => ({
      name,
      value,
      itemStyle: { color: token(value < 0 ? "chart-4" : "chart-1"), borderRadius: 4 },
      label: { position: value < 0 ? "left" : "right" },
    }));
    return {
      ...base(),
      grid: { left: 4, right: 64, top: 4, bottom: 4, containLabel: true },
      tooltip: tooltip(itemTip(format), "item"),
      // Room for the label of a bar that points to the left.
      xAxis: { type: "value", show: false, boundaryGap: data.items.some((item) => item.value < 0) ? ["18%", 0] : [0, 0] },
      yAxis: names(data.items.map((item) => item.name), width),
      series: [{ type: "bar", barMaxWidth: 22, data: items, label: { show: true, color: token("axis"), formatter: (point) => format(point.value) } }],
    };
  }

  function sizes(data, width) {
    const format = formatter(data);
    const colours = palette();
    const items = data.items.map(({ name, value }, place) => ({ name, value, itemStyle: { color: colours[place % colours.length], borderRadius: [4, 4, 0, 0] } }));
    return {
      ...base(),
      grid: { ...base().grid, top: 26 },
      tooltip: tooltip(itemTip(format), "item"),
      xAxis: axis({ type: "category", data: data.items.map((item) => item.name), splitLine: { show: false },
        axisLabel: { interval: 0, hideOverlap: false, width: Math.max(36, (width - 70) / data.items.length - 8), overflow: "break", lineHeight: 14 } }),
      yAxis: figures(data),
      series: [{ type: "bar", barMaxWidth: 64, data: items, label: { show: true, position: "top", color: token("axis"), formatter: (point) => format(point.value) } }],
    };
  }

  function scatter(data) {
    const format = formatter(data);
    const series = data.series.map((each, place) => ({ name: each.name, data: each.data, type: "scatter",
      symbol: SYMBOLS[place % SYMBOLS.length], symbolSize: 6, itemStyle: { opacity: 0.6 }, emphasis: { focus: "series" } }));
    const pointTip = (point) => tip(point.seriesName, [
      tipRow(point.color, data.x, format(point.value[0])),
      tipRow(point.color, data.y, format(point.value[1])),
    ]);
    return {
      ...base(2),
      legend: { ...base(series.length).legend, show: true, icon: undefined },
      tooltip: tooltip(pointTip, "item"),
      grid: { left: 8, right: 16, top: 30, bottom: 62, containLabel: true },
      xAxis: figures(data, { name: data.x, nameLocation: "middle", nameGap: 28, scale: true }),
      yAxis: figures(data, { name: data.y, nameTextStyle: { color: token("axis"), align: "left" }, scale: true }),
      series,
    };
  }

  function heat(data, width) {
    // Figures that stand above each other need the same number of digits.
    const format = formatter({ ...data, fixed: data.digits !== undefined });
    // Of a few columns none may go without its name; it breaks into lines where the column is narrow.
    const few = data.x.length <= 6 ? { interval: 0, hideOverlap: false, width: width / (2 * data.x.length), overflow: "break" } : {};
    const values = data.cells.map((cell) => cell[2]);
    const largest = Math.max(...values, 0.000001);
    const smallest = Math.min(...values, 0);
    // Which ink is readable on a cell follows from how far its colour is towards the strong end.
    const cells = data.cells.map((cell) => ({ value: cell, label: { color: (cell[2] - smallest) / (largest - smallest || 1) > 0.55 ? token("surface") : token("ink") } }));
    const cellTip = (point) => tip(`${data.y[point.value[1]]} · ${data.x[point.value[0]]}`, [tipRow(point.color, data.name ?? "", format(point.value[2]))]);
    return {
      ...base(),
      tooltip: tooltip(cellTip, "item"),
      grid: { left: data.yname ? 26 : 8, right: 12, top: 8, bottom: data.xname ? 30 : 8, containLabel: true },
      xAxis: axis({ type: "category", data: data.x, name: data.xname, nameLocation: "middle", nameGap: 28, axisLine: { show: false }, axisLabel: few }),
      yAxis: axis({ type: "category", data: data.y, inverse: true, name: data.yname, nameLocation: "middle", nameGap: 28, axisLine: { show: false }, axisLabel: { width: 0.45 * width, overflow: "truncate" } }),
      visualMap: { show: false, min: smallest, max: largest, inRange: { color: [token("surface-2"), token("chart-1")] } },
      series: [{ type: "heatmap", data: cells, itemStyle: { borderWidth: 2, borderColor: token("surface"), borderRadius: 2 },
        label: { show: Boolean(data.labels), fontSize: 11, formatter: (point) => format(point.value[2]) } }],
    };
  }

  function radar(data, width) {
    const format = formatter(data);
    const rows = data.series.map((each, place) => ({ name: each.name, value: each.data, symbol: SYMBOLS[place % SYMBOLS.length],
      lineStyle: { width: 2, type: each.dashed ? "dashed" : "solid" }, ...(each.dashed ? {} : { areaStyle: { opacity: 0.2 } }) }));
    const rowTip = (point) => tip(point.name, data.axes.map((name, place) => tipRow(point.color, name, format(point.value[place]))));
    const short = width < NARROW ? 10 : 18;
    return {
      ...base(rows.length),
      tooltip: tooltip(rowTip, "item"),
      radar: { indicator: data.axes.map((name) => ({ name: name.length > short ? `${name.slice(0, short - 1)}…` : name, max: data.max ?? 1 })), radius: "62%", center: ["50%", "46%"],
        axisName: { color: token("axis"), fontSize: 11 }, splitArea: { show: false },
        splitLine: { lineStyle: { color: token("grid") } }, axisLine: { lineStyle: { color: token("grid") } } },
      series: [{ type: "radar", symbolSize: 5, data: rows }],
    };
  }

  function sankey(data, width) {
    const format = formatter(data);
    const shown = new Map(data.nodes.map((node) => [node.name, node.label ?? node.name]));
    // A group that stands on both sides keeps its colour.
    const groups = [...new Set(shown.values())];
    const colours = palette();
    const nodes = data.nodes.map(({ name }) => ({ name, itemStyle: { color: colours[groups.indexOf(shown.get(name)) % colours.length] } }));
    const flowTip = (point) => point.dataType === "edge"
      ? tip("", [tipRow(token("chart-1"), `${shown.get(point.data.source)} → ${shown.get(point.data.target)}`, format(point.data.value))])
      : tip("", [tipRow(point.color, shown.get(point.name), format(point.value))]);
    return {
      ...base(),
      tooltip: tooltip(flowTip, "item"),
      series: [{ type: "sankey", data: nodes, links: data.links, left: 4, right: Math.min(150, width * 0.3), top: 8, bottom: 8,
        nodeGap: 14, nodeWidth: 14, draggable: false, emphasis: { focus: "adjacency" }, lineStyle: { color: "source", opacity: 0.25 },
        label: { color: token("ink"), width: Math.min(140, width * 0.28), overflow: "truncate", formatter: (point) => shown.get(point.name) } }],
    };
  }

  function interval(data, width) {
    const format = formatter(data);
    const labels = data.items.map((item) => item.name);
    const solid = data.items.map((item) => ({ value: item.value, itemStyle: { color: token(item.muted ? "chart-5" : "chart-1"), opacity: 0.85, borderRadius: [0, 4, 4, 0] } }));
    // A box plot whose box has no height is an error bar: its whiskers are the interval.
    const whiskers = data.items.map((item) => [item.low, item.value, item.value, item.value, item.high]);
    const itemOf = (point) => data.items[point.dataIndex];
    const barTip = (points) => {
      const item = itemOf(Array.isArray(points) ? points[0] : points);
      return tip(item.name, [tipRow(token("chart-1"), `${format(item.low)} – ${format(item.high)}`, format(item.value))]);
    };
    const markLine = data.reference && { silent: true, symbol: "none", lineStyle: { color: token("chart-2"), type: "dashed", width: 2 },
      label: { formatter: () => data.reference.name, color: token("axis"), position: "start" }, data: [{ xAxis: data.reference.value }] };
    return {
      ...base(),
      grid: { left: 4, right: 24, top: data.reference ? 26 : 8, bottom: 8, containLabel: true },
      tooltip: { ...tooltip(barTip), axisPointer: { type: "none" } },
      xAxis: figures(data, { min: (range) => Math.min(0, range.min) }),
      yAxis: names(labels, width),
      series: [
        { type: "bar", barMaxWidth: 18, data: solid, ...(markLine ? { markLine } : {}) },
        { type: "boxplot", layout: "vertical", data: whiskers, boxWidth: [8, 10], itemStyle: { color: token("ink"), borderColor: token("ink"), borderWidth: 1.5 }, silent: true },
      ],
    };
  }

  function box(data, width) {
    const format = formatter(data);
    const words = ["min", "25 %", "50 %", "75 %", "max"];
    const boxTip = (point) => tip(point.name, words.map((word, place) => tipRow(point.color, word, format(data.items[point.dataIndex].data[place]))));
    return {
      ...base(),
      tooltip: tooltip(boxTip, "item"),
      xAxis: figures(data, { scale: true }),
      yAxis: names(data.items.map((item) => item.name), width),
      series: [{ type: "boxplot", data: data.items.map((item) => item.data), boxWidth: [8, 22], itemStyle: { color: token("surface-2"), borderColor: token("chart-1"), borderWidth: 1.5 } }],
    };
  }

  const KINDS = { stack, line, bars, sizes, scatter, heat, radar, sankey, interval, box };
  // Read by charts.js.
  window.relataChartKinds = { kinds: KINDS, formatter, element };
})();
