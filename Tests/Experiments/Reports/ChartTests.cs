using System.Globalization;
using System.Xml.Linq;

using OrleansDDM.Experiments.Reports.Charts;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Reports;

public class ChartTests
{
    [Theory]
    [InlineData(0, 1, new[] { 0.0, 0.5, 1 })]
    [InlineData(0.13, 0.19, new[] { 0.12, 0.14, 0.16, 0.18, 0.2 })]
    [InlineData(-3, 6000, new[] { -2000.0, 0, 2000, 4000, 6000 })]
    public void Linear_axis_widens_to_round_ticks(double low, double high, double[] ticks)
    {
        ChartAxis axis = ChartAxis.Linear(low, high, 100, 0);

        Assert.Equal(ticks, axis.Ticks.Select(t => Math.Round(t, 9)));
        Assert.Equal(100, axis.Position(axis.Ticks[0]), 9);
        Assert.Equal(0, axis.Position(axis.Ticks[^1]), 9);
        Assert.Equal(50, axis.Position((axis.Low + axis.High) / 2), 9);
    }

    [Fact]
    public void Log_axis_maps_equal_ratios_to_equal_distances()
    {
        ChartAxis axis = ChartAxis.Log(0.03, 0.7, 0, 300);

        Assert.Equal([0.02, 0.05, 0.1, 0.2, 0.5, 1], axis.Ticks);
        Assert.Equal(["0.02", "0.05", "0.1", "0.2", "0.5", "1"], axis.Ticks.Select(axis.Label));
        Assert.Equal(axis.Position(0.4) - axis.Position(0.2), axis.Position(0.1) - axis.Position(0.05), 9);
        Assert.True(double.IsNaN(axis.Position(0)));
        Assert.True(double.IsNaN(axis.Position(-1)));
    }

    [Theory]
    [InlineData(double.NaN, 1)]
    [InlineData(double.NegativeInfinity, 1)]
    [InlineData(5, 5)]
    [InlineData(0, 0)]
    [InlineData(2, 1)]
    [InlineData(1e9, 1000000000.0000001)]
    [InlineData(-1e300, 1e300)]
    [InlineData(-1e308, 1.7e308)]
    public void Axis_of_any_range_has_a_few_ascending_ticks(double low, double high)
    {
        foreach (bool widen in (bool[])[true, false])
        {
            ChartAxis axis = ChartAxis.Linear(low, high, 0, 1, widen);

            Assert.InRange(axis.Ticks.Count, 1, 12);
            Assert.True(axis.Low < axis.High);
            Assert.Equal(axis.Ticks.Order(), axis.Ticks);
            Assert.All(axis.Ticks, tick => Assert.InRange(axis.Position(tick), -1e-9, 1 + 1e-9));
        }
    }

    [Fact]
    public void Log_is_asked_for_by_positive_values_over_more_than_a_decade()
    {
        Assert.True(ChartAxis.AsksForLog([2.5, 0.2, double.NaN]));
        Assert.False(ChartAxis.AsksForLog([2.5, 0.3]));
        Assert.False(ChartAxis.AsksForLog([2.5, 0]));
        Assert.False(ChartAxis.AsksForLog([]));
    }

    [Fact]
    public void Line_breaks_where_a_value_is_missing()
    {
        XElement chart = Chart(new ChartSeries("a", [0, 1, 2, 3, 4], [1, 2, double.NaN, 2, 1], 3));

        XElement path = chart.Descendants("path").Single();
        Assert.Equal(2, path.Attribute("d")!.Value.Count(c => c == 'M'));
        Assert.Equal(2, path.Attribute("d")!.Value.Count(c => c == 'L'));
        Assert.Equal("line s3", path.Attribute("class")!.Value);
        Assert.Equal(4, chart.Descendants("circle").Count());
    }

    [Fact]
    public void Line_runs_through_its_values()
    {
        XElement chart = Chart(new ChartSeries("", [0, 5, 10], [0, 0.25, 1], 0));

        (double X, double Y)[] points = [.. chart.Descendants("circle").Select(c => (Number(c, "cx"), Number(c, "cy")))];
        Assert.Equal((points[0].X + points[2].X) / 2, points[1].X, 0.11);
        Assert.Equal(points[0].Y + 0.25 * (points[2].Y - points[0].Y), points[1].Y, 0.11);
        Assert.True(points[2].Y < points[0].Y);
    }

    [Fact]
    public void Labels_of_lines_that_end_together_stand_apart_and_inside()
    {
        XElement chart = Chart([.. Enumerable.Range(0, 8).Select(k => new ChartSeries($"expert-{k}", [0, 1], [9, 0.001 * k], k))]);

        double[] places = [.. chart.Descendants("text").Where(t => t.Attribute("class")?.Value.StartsWith("label", StringComparison.Ordinal) == true).Select(t => Number(t, "y"))];
        Assert.Equal(8, places.Length);
        Assert.All(places.Zip(places.Skip(1)), pair => Assert.True(pair.Second - pair.First > 12));
        Assert.All(places, y => Assert.InRange(y, 0, 240));
    }

    [Fact]
    public void Chart_without_a_finite_value_is_empty_but_there() =>
        Assert.Empty(Chart(new ChartSeries("a", [1, 2], [double.NaN, double.PositiveInfinity], 0)).Descendants("circle"));

    [Fact]
    public void Bars_are_as_long_as_their_values()
    {
        XElement chart = SvgBarChart.Draw(
            "title", [new Bar("a", [new BarPiece(1, 0), new BarPiece(2, 1)], "3"), new Bar("b", [new BarPiece(6, 0)], "6"), new Bar("c", [new BarPiece(double.NaN, 0)], "–")], (1.5, "floor"));

        XElement[] pieces = [.. chart.Descendants("rect")];
        Assert.Equal(3, pieces.Length);
        double whole = Number(pieces[2], "width");
        Assert.Equal(whole / 6, Number(pieces[0], "width"), 0.11);
        Assert.Equal(whole / 3, Number(pieces[1], "width"), 0.11);
        Assert.Equal(Number(pieces[0], "x") + Number(pieces[0], "width"), Number(pieces[1], "x"), 0.11);
        Assert.Equal(Number(pieces[2], "x") + whole / 4, Number(chart.Descendants("line").Single(), "x1"), 0.11);
    }

    [Fact]
    public void Heat_map_is_darker_where_the_share_is_larger()
    {
        XElement chart = SvgHeatmap.Draw("title", "row", "column", [[1, 0.25], [0, double.NaN]]);

        Assert.Equal(["0.25", "1"], chart.Descendants("path").Select(p => p.Attribute("fill-opacity")!.Value));
        Assert.Equal(["100", "25", "0", "–"], chart.Descendants("text").Select(t => t.Value).Where((_, i) => i is >= 2 and < 6));
    }

    [Fact]
    public void Stacked_bands_fill_the_height()
    {
        XElement chart = SvgStackedArea.Draw("title", "step", [[0.25, 0.75], [0.5, 0.5]]);

        string[] bands = [.. chart.Descendants("path").Select(p => p.Attribute("d")!.Value)];
        // From 116 (share 0) to 8 (share 1): 0.25 lies at 89, 0.5 at 62.
        Assert.Equal("M34 89H144L144 62H254V116H144V116H34Z", bands[0]);
        Assert.Equal("M34 8H144L144 8H254V62H144V89H34Z", bands[1]);
    }

    private static XElement Chart(params ChartSeries[] series) =>
        new SvgLineChart { Title = "title", XName = "x", YName = "y", Series = series }.Draw();

    private static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}
