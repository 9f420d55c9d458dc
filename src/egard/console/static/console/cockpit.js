// The curve of what is kept: the share with its bounds, month by month. Each point leads to its list. The same figures
// stand in a table beside it, so this is for the eye alone. Colours are the page's tokens.
(() => {
  "use strict";

  const form = document.querySelector("form[data-submits]");
  form?.addEventListener("change", () => form.requestSubmit());
  const node = document.querySelector("[data-curve]");
  if (!node || !window.echarts) return;
  const data = JSON.parse(document.getElementById(node.dataset.curve).textContent);
  const language = document.documentElement.lang || "en";
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const number = new Intl.NumberFormat(language);
  const token = (name) => window.Egard.colour(node, name);
  const said = (point) => data.between.replace("{low}", percent.format(point.low)).replace("{high}", percent.format(point.high)).replace("{n}", number.format(point.n));

  let chart = null;
  const draw = () => {
    chart?.dispose();
    chart = window.echarts.init(node, null, { renderer: "canvas" });
    const ink = token("--ink-soft"), rule = token("--hair"), accent = token("--accent");
    const font = { fontFamily: getComputedStyle(document.body).fontFamily, color: ink, fontSize: 12 };
    const lowest = Math.min(...data.points.map((point) => point.low));
    chart.setOption({
      animation: false,
      grid: { left: 48, right: 16, top: 16, bottom: 34 },
      textStyle: font,
      tooltip: {
        trigger: "axis", renderMode: "richText", confine: true,
        backgroundColor: token("--sheet"), borderColor: token("--rule"), textStyle: { ...font, color: token("--ink") },
        formatter: ([first]) => {
          const point = data.points[first.dataIndex];
          return `${point.label}\n${data.name} ${percent.format(point.share)}\n${said(point)}`;
        },
      },
      xAxis: { type: "category", data: data.points.map((point) => point.label), axisLabel: { ...font, margin: 14, hideOverlap: true }, axisTick: { show: false }, axisLine: { lineStyle: { color: rule } } },
      yAxis: { type: "value", min: Math.max(0, Math.floor(lowest * 10 - 0.5) / 10), max: 1, axisLabel: { ...font, formatter: (value) => percent.format(value) }, splitLine: { lineStyle: { color: rule } } },
      series: [
        { type: "line", stack: "bounds", symbol: "none", lineStyle: { opacity: 0 }, silent: true, data: data.points.map((point) => point.low) },
        { type: "line", stack: "bounds", symbol: "none", lineStyle: { opacity: 0 }, silent: true, areaStyle: { color: accent, opacity: 0.14 }, data: data.points.map((point) => point.high - point.low) },
        { type: "line", symbol: "circle", symbolSize: 8, lineStyle: { color: accent, width: 2 }, itemStyle: { color: accent }, data: data.points.map((point) => point.share) },
      ],
    });
    chart.on("click", (event) => { const point = data.points[event.dataIndex]; if (point) location.assign(point.url); });
  };

  draw();
  addEventListener("resize", () => chart?.resize());
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
