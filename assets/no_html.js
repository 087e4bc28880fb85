// In place of the tooltip that is HTML, which charts.js never asks for.
export default class {
  constructor() {
    throw new Error("tooltips are drawn here: renderMode is richText");
  }
}
