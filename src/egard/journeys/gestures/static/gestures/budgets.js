// Budgets as curves: what was spent day by day, the budget as a line, the likely end with its bounds. The words beside
// each say the same, so this is for the eye alone. Colours are the page's tokens.
(() => {
  "use strict";

  const held = document.getElementById("budget-curves");
  if (!held || !window.echarts) return;
  const curves = JSON.parse(held.textContent), words = JSON.parse(document.getElementById("budget-words").textContent);
  const language = document.documentElement.lang || "en";
  const charts = [];
  const token = window.Egard.colour;

  const draw = (node) => {
    const one = curves[node.dataset.budget];
    if (!one) return;
    const money = new Intl.NumberFormat(language, { style: "currency", currency: one.currency, maximumFractionDigits: 0 });
    const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
    const ink = token(node, "--ink-soft"), rule = token(node, "--hair"), accent = token(node, "--accent"), edge = token(node, "--edge");
    const font = { fontFamily: getComputedStyle(document.body).fontFamily, color: ink, fontSize: 12 };
    const line = (data, more) => ({ type: "line", symbol: "none", data, lineStyle: { color: accent, width: 2 }, ...more });
    const low = one.likely.map(([at, , least]) => [at, least]), band = one.likely.map(([at, , least, most]) => [at, most - least]);
    const highest = Math.max(one.budget, ...one.points.map(([, amount]) => amount), ...one.likely.map((some) => some[3]));
    const chart = window.echarts.init(node, null, { renderer: "canvas" });
    charts.push(chart);
    chart.setOption({
      animation: false,
      grid: { left: 64, right: 16, top: 12, bottom: 28 },
      textStyle: font,
      xAxis: { type: "time", min: one.since, max: one.until, splitNumber: 4, axisLabel: { ...font, hideOverlap: true, formatter: (value) => day.format(value) }, axisTick: { show: false }, axisLine: { lineStyle: { color: rule } }, splitLine: { show: false } },
      yAxis: { type: "value", min: 0, max: highest || 1, splitNumber: 3, axisLabel: { ...font, formatter: (value) => money.format(value) }, splitLine: { lineStyle: { color: rule } } },
      series: [
        line(low, { stack: "bounds", lineStyle: { opacity: 0 }, silent: true }),
        line(band, { stack: "bounds", lineStyle: { opacity: 0 }, silent: true, areaStyle: { color: accent, opacity: 0.14 } }),
        line(one.likely.map(([at, amount]) => [at, amount]), { name: words.likely, lineStyle: { color: accent, width: 2, type: "dashed" } }),
        line(one.points, { name: words.spent, step: false }),
        line([[one.since, one.budget], [one.until, one.budget]], { name: words.budget, lineStyle: { color: edge, width: 1.5, type: "dotted" }, endLabel: { show: false } }),
      ],
    });
  };

  const all = () => {
    charts.splice(0).forEach((chart) => chart.dispose());
    document.querySelectorAll("[data-budget]").forEach(draw);
  };
  all();
  addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
  new MutationObserver(all).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
