//! The chart: a group of bars for each scenario, a bar for the best form of each server.

use std::path::Path;

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::Results;
use crate::{
    Error,
    servers::{Kind, Server},
};

const SIZE: (u32, u32) = (1560, 620);
/// The part of a group's width that its bars fill.
const FILL: f64 = 0.84;
/// Room for the legend, in groups.
const LEGEND: f64 = 1.7;
/// Ours are the two strong colours.
const COLOURS: [RGBColor; 10] = [
    RGBColor(200, 30, 45),
    RGBColor(240, 130, 120),
    RGBColor(31, 119, 180),
    RGBColor(120, 180, 220),
    RGBColor(160, 205, 235),
    RGBColor(44, 140, 70),
    RGBColor(130, 95, 180),
    RGBColor(225, 165, 30),
    RGBColor(140, 140, 140),
    RGBColor(120, 80, 60),
];

pub(super) fn draw(results: &Results, to: &Path) -> Result<(), Error> {
    let kinds = &Kind::ALL[1..];
    let groups: Vec<Vec<Option<f64>>> = results
        .echoes
        .iter()
        .map(|table| {
            let ratios = table.ratios(|echoed| echoed.cpu_micros);
            kinds.iter().map(|&kind| best(&ratios, kind)).collect()
        })
        .collect();
    let bars = || groups.iter().flatten().flatten().copied();
    let top = bars().fold(1.0, f64::max) * 1.1;
    let bottom = bars().fold(1.0, f64::min) * 0.9;

    let area = SVGBackend::new(to, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(
            "Server CPU per message, times raw TCP (log scale; the best form of each peer; \
             lower is better)",
            ("sans-serif", 20),
        )
        .margin(12)
        .x_label_area_size(70)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..groups.len() as f64 + LEGEND, (bottom..top).log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .y_labels(12)
        .y_label_formatter(&|ratio| format!("{ratio:.1}"))
        .label_style(("sans-serif", 14))
        .light_line_style(TRANSPARENT)
        .draw()?;

    let width = FILL / kinds.len() as f64;
    for (index, kind) in kinds.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let bars = groups.iter().enumerate().filter_map(|(group, ratios)| {
            let left = group as f64 + (1.0 - FILL) / 2.0 + index as f64 * width;
            let corners = [(left, bottom), (left + width * 0.9, ratios[index]?)];
            Some(Rectangle::new(corners, colour.filled()))
        });
        chart
            .draw_series(bars)?
            .label(kind.name())
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
    }
    let reference = [(0.0, 1.0), (groups.len() as f64, 1.0)];
    chart.draw_series(LineSeries::new(reference, BLACK.stroke_width(1)))?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK.mix(0.3))
        .label_font(("sans-serif", 14))
        .draw()?;

    // Two lines below each group: what is sent, and by how many.
    let style =
        TextStyle::from(("sans-serif", 13).into_font()).pos(Pos::new(HPos::Center, VPos::Top));
    for (group, table) in results.echoes.iter().enumerate() {
        let (x, y) = chart.backend_coord(&(group as f64 + 0.5, bottom));
        let (what, how) = table.name.split_once(" x ").unwrap_or((&table.name, ""));
        let (what, rest) = what.split_once(" in ").unwrap_or((what, ""));
        for (line, text) in [what, rest, how]
            .into_iter()
            .filter(|s| !s.is_empty())
            .enumerate()
        {
            let line = i32::try_from(line)?;
            area.draw(&Text::new(text, (x, y + 8 + 17 * line), style.clone()))?;
        }
    }
    area.present()?;
    Ok(())
}

/// The lower ratio of a server's forms.
fn best(ratios: &[(Server, Option<f64>)], kind: Kind) -> Option<f64> {
    let forms = ratios.iter().filter(|(server, _)| server.kind == kind);
    forms.filter_map(|(_, ratio)| *ratio).reduce(f64::min)
}
