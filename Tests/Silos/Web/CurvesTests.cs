using OrleansDDM.Contracts.Models;
using OrleansDDM.Silos.Web;

using Xunit;

namespace OrleansDDM.Tests.Silos.Web;

public sealed class CurvesTests
{
    [Fact]
    public void Short_curves_stay_as_they_are_and_what_is_not_finite_is_left_out()
    {
        var metrics = new ModelMetrics("router", [new(2, "b", 5), new(1, "a", 3), new(2, "a", double.NaN), new(3, "a", 4)]);
        Dictionary<string, double[][]> router = Curves.Of([metrics])["router"];
        Assert.Equal([[1, 3], [3, 4]], router["a"]);
        Assert.Equal([[2, 5]], router["b"]);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(1000)]
    [InlineData(12_345)]
    public void Long_curves_are_thinned_to_means_that_keep_the_whole_mean_and_the_last_step(int count)
    {
        var metrics = new ModelMetrics("expert-0", [.. Enumerable.Range(1, count).Select(i => new MetricPoint(i, "loss/train", i))]);
        double[][] curve = Curves.Of([metrics])["expert-0"]["loss/train"];
        Assert.Equal(Curves.Most, curve.Length);
        Assert.Equal(count, curve[^1][0]);
        Assert.Equal(curve.Select(p => p[0]).Order(), curve.Select(p => p[0]));
        int[] sizes = [.. curve.Select((p, i) => (int)(p[0] - (i == 0 ? 0 : curve[i - 1][0])))];
        Assert.Equal((count + 1) / 2.0, curve.Select((p, i) => p[1] * sizes[i]).Sum() / count, 9);
    }
}
