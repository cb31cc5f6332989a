use std::fmt::Write;

/// A line of a plot.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    /// In the unit of the plot, one for each moment.
    pub(crate) values: Vec<f64>,
}

/// A plot as a group of an SVG, `top` pixels from its upper edge.
pub(crate) fn plot(title: &str, seconds: &[f64], series: &[Series], top: f64) -> String {
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0_f64, f64::max).max(1e-9);
    let (right, high) = (
        most(&mut seconds.iter().copied()),
        most(&mut series.iter().flat_map(|line| line.values.iter().copied())),
    );
    let x = |second: f64| LEFT + second / right * WIDE;
    let y = |value: f64| top + TITLE + HIGH - value / high * HIGH;
    let mut svg = String::new();
    // Writing to a string does not fail.
    let mut put = |text: std::fmt::Arguments<'_>| svg.write_fmt(text).unwrap_or_default();
    put(format_args!(
        "<text x='{LEFT}' y='{}' font-weight='bold'>{title}</text>\n",
        top + TITLE - 8.0
    ));
    for step in 0..=4 {
        let part = f64::from(step) / 4.0;
        put(format_args!(
            "<line x1='{LEFT}' x2='{}' y1='{y}' y2='{y}' stroke='#ddd'/>\
             <text x='{}' y='{}' text-anchor='end'>{:.1}</text>\
             <text x='{}' y='{}' text-anchor='middle'>{:.0} s</text>\n",
            LEFT + WIDE,
            LEFT - 6.0,
            y(part * high) + 4.0,
            part * high,
            x(part * right),
            top + TITLE + HIGH + 16.0,
            part * right,
            y = y(part * high),
        ));
    }
    for (number, line) in series.iter().enumerate() {
        let color = COLORS[number % COLORS.len()];
        let mut points = String::new();
        for (second, value) in seconds.iter().zip(&line.values) {
            write!(points, "{:.1},{:.1} ", x(*second), y(*value)).unwrap_or_default();
        }
        put(format_args!(
            "<polyline fill='none' stroke='{color}' stroke-width='1.2' points='{points}'/>\
             <text x='{}' y='{}' fill='{color}'>{}</text>\n",
            LEFT + WIDE + 10.0,
            top + TITLE + 12.0 + number as f64 * 14.0,
            line.name
        ));
    }
    svg
}

/// A whole picture of plots that were put below one another.
pub(crate) fn picture(plots: &[String]) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{}' font-family='sans-serif' font-size='11'>\n\
         <rect width='100%' height='100%' fill='white'/>\n{}</svg>\n",
        LEFT + WIDE + 140.0,
        PLOT * plots.len() as f64,
        plots.concat()
    )
}

/// Pixels of one plot with its title and scale.
pub(crate) const PLOT: f64 = 300.0;
const LEFT: f64 = 60.0;
const WIDE: f64 = 700.0;
const HIGH: f64 = 220.0;
const TITLE: f64 = 40.0;
const COLORS: [&str; 8] = [
    "#1b6ca8", "#d1495b", "#2e933c", "#8d5a97", "#e08e1b", "#00798c", "#6b4226", "#555555",
];
