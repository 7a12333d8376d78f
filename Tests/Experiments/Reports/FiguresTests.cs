using System.Globalization;

using OrleansDDM.Experiments.Reports;

using Xunit;

namespace OrleansDDM.Tests.Experiments.Reports;

public class FiguresTests
{
    [Theory]
    [InlineData(null, "–")]
    [InlineData(double.NaN, "–")]
    [InlineData(double.PositiveInfinity, "∞")]
    [InlineData(double.NegativeInfinity, "−∞")]
    [InlineData(0.0, "0")]
    [InlineData(43.6, "43.60")]
    [InlineData(0.143217, "0.1432")]
    [InlineData(0.00056789, "0.0005679")]
    [InlineData(-1.5, "−1.500")]
    [InlineData(12345.6, "12,346")]
    [InlineData(0.0000123456, "1.235e-5")]
    [InlineData(4.2e11, "4.2e11")]
    public void Number_has_four_significant_digits(double? value, string text) => Assert.Equal(text, Figures.Number(value));

    [Theory]
    [InlineData(0.8234, "82.3\u00A0%")]
    [InlineData(double.NaN, "–")]
    [InlineData(null, "–")]
    public void Share_is_a_percentage(double? value, string text) => Assert.Equal(text, Figures.Share(value));

    [Theory]
    [InlineData(4.26, "4.3 s")]
    [InlineData(185, "3 min 5 s")]
    [InlineData(3725, "1 h 2 min")]
    [InlineData(double.NaN, "–")]
    public void Duration_is_in_the_largest_fitting_units(double seconds, string text) => Assert.Equal(text, Figures.Duration(seconds));

    [Fact]
    public void Culture_of_the_user_changes_nothing()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (culture.NumberFormat.NumberDecimalSeparator, culture.NumberFormat.NumberGroupSeparator, culture.NumberFormat.NegativeSign) = (",", ".", "~");
            CultureInfo.CurrentCulture = culture;
            string there = RunReportPage.Write(SampleContents.Of(4, "full", "oracle"));
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

            Assert.Equal(RunReportPage.Write(SampleContents.Of(4, "full", "oracle")), there);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
