// Charts that draw what the table beside them tells: curves with a band, bars, funnels. In the page: `echarts`.
import { BarChart, CustomChart, FunnelChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { getInstanceByDom, graphic, init, registerPreprocessor, use, version } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, CustomChart, FunnelChart, LineChart]);
use([AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent]);
use([CanvasRenderer, LabelLayout]);

// What a chart says where one points is drawn into it: as HTML it has style attributes, which the pages' policy refuses.
registerPreprocessor((option) => {
  for (const tooltip of [option.tooltip].flat()) if (tooltip) tooltip.renderMode = "richText";
});

export { getInstanceByDom, graphic, init, version };
