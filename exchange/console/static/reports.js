// Charts on screen: ECharts over the figures of data-chart; the drawing of the server stays for paper. ECharts is large and
// is fetched when the page has been painted; until then, or without it, the server's drawing is on the screen too.
(() => {
  const library = document.currentScript.dataset.library;
  const font = getComputedStyle(document.documentElement).getPropertyValue("--sans");
  const zh = document.documentElement.lang.startsWith("zh");
  const tones = ["#1757a6", "#8fb6e6", "#e0a63a", "#d5dbe3"];
  const write = (value, told) => value === null ? "—"
    : value.toLocaleString("en-US", {maximumFractionDigits: told.unit || told.percent ? 1 : 0}) + (told.percent ? "%" : "");
  const series = (told) => told.names.map((name, n) => ({
    name, type: told.kind === "line" ? "line" : "bar", data: told.values[n], barMaxWidth: told.stacked || told.across ? 28 : 56,
    stack: told.stacked ? "all" : undefined, symbolSize: 8,
    label: {show: true, position: told.stacked ? "inside" : told.across ? "right" : told.kind === "line" ? "bottom" : "top", fontSize: 11,
      color: told.stacked && n === 0 ? "#fff" : "#1a2432",
      textBorderWidth: told.stacked && n === 0 ? 2 : 0, textBorderColor: tones[0],
      formatter: (at) => at.value ? write(at.value, told) : ""},
    markLine: n === 0 && told.limit !== null ? {symbol: "none", silent: true, lineStyle: {color: "#8a5200", type: "dashed"},
      label: {formatter: told.limitName, position: "insideEndTop", color: "#5c3800"}, data: [{yAxis: told.limit}]} : undefined,
  }));
  const option = (told, sentence, wide) => {
    const names = {type: "category", data: told.categories, inverse: told.across, axisTick: {show: false},
      axisLabel: {interval: 0, hideOverlap: true, color: "#475467", width: told.across ? (wide ? 210 : 120) : undefined, overflow: "truncate"}};
    const values = {type: "value", min: 0, max: told.percent ? 100 : undefined, minInterval: told.unit ? undefined : 1,
      splitNumber: wide ? 5 : 2,
      axisLabel: {color: "#475467", hideOverlap: true, formatter: (value) => write(value, told)}};
    return {
      animation: false, color: tones, textStyle: {fontFamily: font},
      aria: {enabled: true, label: {description: sentence}, decal: {show: told.names.length > 1}},
      tooltip: {trigger: "axis", renderMode: "richText", axisPointer: {type: "shadow"},
        valueFormatter: (value) => write(value ?? null, told)},
      title: {text: told.unit, right: 0, top: 0, textStyle: {fontSize: 11, fontWeight: 400, color: "#475467"}},
      legend: {show: told.names.length > 1, top: 0, left: 0},
      grid: {left: told.across ? (wide ? 224 : 132) : 70, right: 46, top: wide || told.names.length < 4 ? 40 : 62, bottom: 28},
      xAxis: told.across ? values : names, yAxis: told.across ? names : values, series: series(told),
    };
  };
  const draw = (box) => {
    const told = JSON.parse(box.dataset.chart);
    const screen = box.querySelector(".onscreen");
    screen.hidden = false;
    box.classList.add("drawn");
    screen.classList.toggle("tall", told.across && told.categories.length > 6);
    const chart = echarts.init(screen, null, {renderer: "svg", locale: zh ? "ZH" : "EN"});
    chart.setOption(option(told, box.dataset.sentence, screen.clientWidth > 600));
    addEventListener("resize", () => chart.resize());
  };
  requestAnimationFrame(() => setTimeout(() => {
    const script = document.createElement("script");
    script.src = library;
    script.onload = () => document.querySelectorAll("[data-chart]").forEach(draw);
    document.head.append(script);
  }));
})();
