// Charts of figures that stand in a table beside them, so for the eye alone. `data-chart` names the JSON:
// {x: [labels], unit: "percent" | "number", series: [{name, y, low, high, kind: "line" | "bar", dashed}]}; `low` and
// `high` draw a band. Colours are the page's tokens.
(() => {
  "use strict";

  const nodes = [...document.querySelectorAll("[data-chart]")];
  if (!nodes.length || !window.echarts) return;
  const language = document.documentElement.lang || "en";
  const units = {
    percent: new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }),
    number: new Intl.NumberFormat(language, { maximumFractionDigits: 1 }),
  };
  const charts = [];
  const token = window.Egard.colour;

  const draw = (node) => {
    const data = JSON.parse(document.getElementById(node.dataset.chart).textContent);
    const said = units[data.unit] || units.number;
    const ink = token(node, "--ink-soft"), rule = token(node, "--hair");
    const colours = [token(node, "--accent"), token(node, "--edge"), ink];
    const font = { fontFamily: getComputedStyle(document.body).fontFamily, color: ink, fontSize: 12 };
    const hidden = { type: "line", symbol: "none", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
    const series = data.series.flatMap((one, n) => {
      const colour = colours[n % colours.length];
      const band = one.low ? [
        { ...hidden, stack: `bounds${n}`, data: one.low },
        { ...hidden, stack: `bounds${n}`, areaStyle: { color: colour, opacity: 0.14 }, data: one.high.map((high, k) => (high === null ? null : high - one.low[k])) },
      ] : [];
      const drawn = one.kind === "bar"
        ? { type: "bar", barMaxWidth: 28, itemStyle: { color: colour } }
        : { type: "line", symbol: "circle", symbolSize: data.x.length > 14 ? 0 : 7, lineStyle: { color: colour, width: 2, type: one.dashed ? "dashed" : "solid" }, itemStyle: { color: colour } };
      return [...band, { ...drawn, name: one.name || data.name, data: one.y }];
    });
    const chart = window.echarts.init(node, null, { renderer: "canvas" });
    charts.push(chart);
    chart.setOption({
      animation: false,
      grid: { left: 52, right: 16, top: data.series.length > 1 ? 36 : 16, bottom: 30 },
      textStyle: font,
      legend: data.series.length > 1 ? { top: 0, left: 0, data: data.series.map((one) => one.name), textStyle: font, itemWidth: 16 } : undefined,
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true,
        backgroundColor: token(node, "--sheet"), borderColor: token(node, "--rule"), textStyle: { ...font, color: token(node, "--ink") },
        formatter: ([first]) => [data.x[first.dataIndex], ...data.series.filter((one) => one.y[first.dataIndex] != null).map((one) => {
          const bounds = one.low && one.low[first.dataIndex] != null ? ` (${said.format(one.low[first.dataIndex])} – ${said.format(one.high[first.dataIndex])})` : "";
          return `${one.name || data.name} ${said.format(one.y[first.dataIndex])}${bounds}`;
        })].join("\n"),
      },
      xAxis: { type: "category", data: data.x, axisLabel: { ...font, hideOverlap: true }, axisTick: { show: false }, axisLine: { lineStyle: { color: rule } } },
      yAxis: { type: "value", min: 0, axisLabel: { ...font, formatter: (value) => said.format(value) }, splitNumber: 4, splitLine: { lineStyle: { color: rule } } },
      series,
    });
  };

  const all = () => {
    charts.splice(0).forEach((chart) => chart.dispose());
    nodes.forEach(draw);
  };
  all();
  addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
  new MutationObserver(all).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
