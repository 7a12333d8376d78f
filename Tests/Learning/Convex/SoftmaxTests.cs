using OrleansDDM.Learning.Convex;
using OrleansDDM.Tests.Grains.Solves;

using Xunit;

namespace OrleansDDM.Tests.Learning.Convex;

/// <summary>Softmax regression, spread over peers and in one place.</summary>
public sealed class SoftmaxTests
{
    private static readonly SoftmaxData Data = SolveRuntime.Draw(1, 60, 4, 3);

    [Fact]
    public void Gradient_is_that_of_the_value()
    {
        var shard = new SoftmaxShard(Data, [3, 4, 17, 40], 5, 0.3);
        double[] x = Point(1), gradient = new double[x.Length], none = new double[x.Length];
        shard.Gradient(x, gradient);
        for (int i = 0; i < x.Length; i++)
        {
            (double[] up, double[] down) = ([.. x], [.. x]);
            (up[i], down[i]) = (x[i] + 1e-5, x[i] - 1e-5);
            Assert.Equal((shard.Gradient(up, none) - shard.Gradient(down, none)) / 2e-5, gradient[i], 1e-8);
        }
    }

    [Fact]
    public void Mean_of_the_parts_is_the_problem_of_the_pooled_inputs_however_they_are_spread()
    {
        var whole = new SoftmaxShard(Data, [.. Enumerable.Range(0, 60)], 1, 0.3);
        SoftmaxShard[] parts = [.. new[] { (0, 50), (50, 3), (53, 7), (60, 0) }.Select(p => new SoftmaxShard(Data, [.. Enumerable.Range(p.Item1, p.Item2)], 4, 0.3))];
        double[] x = Point(2), expected = new double[x.Length], sum = new double[x.Length], one = new double[x.Length];
        double value = whole.Gradient(x, expected), values = 0;
        foreach (SoftmaxShard part in parts)
        {
            values += part.Gradient(x, one) / 4;
            sum = [.. sum.Zip(one, (a, b) => a + (b / 4))];
        }

        Assert.Equal(value, values, 1e-12);
        Assert.All(expected.Zip(sum), p => Assert.Equal(p.First, p.Second, 1e-12));
    }

    [Fact]
    public void Gradient_is_as_smooth_and_as_strongly_monotone_as_the_constants_say()
    {
        var shard = new SoftmaxShard(Data, [.. Enumerable.Range(0, 20)], 3, 0.3);
        double[] at = new double[Data.Parameters], from = new double[Data.Parameters];
        double steepest = 0;
        for (int draw = 0; draw < 200; draw++)
        {
            double[] x = Point((ulong)draw), y = [.. x.Zip(Point((ulong)draw + 500), (a, b) => a + (0.01 * b))];
            shard.Gradient(x, at);
            shard.Gradient(y, from);
            double[] step = [.. x.Zip(y, (a, b) => a - b)], change = [.. at.Zip(from, (a, b) => a - b)];
            double length = step.Sum(s => s * s), slope = step.Zip(change, (a, b) => a * b).Sum() / length;
            Assert.InRange(slope, 0.3, shard.Smoothness);
            Assert.True(Math.Sqrt(change.Sum(c => c * c) / length) <= shard.Smoothness);
            steepest = Math.Max(steepest, slope);
        }

        // The bound is not idle.
        Assert.True(steepest > 0.3 + (0.1 * (shard.Smoothness - 0.3)), $"{steepest} of {shard.Smoothness}");
    }

    [Fact]
    public void Solver_ends_where_the_gradient_vanishes()
    {
        double[] x = SoftmaxSolver.Solve(Data, 0.3, 1e-9), gradient = new double[x.Length];
        new SoftmaxShard(Data, [.. Enumerable.Range(0, 60)], 1, 0.3).Gradient(x, gradient);
        Assert.InRange(Math.Sqrt(gradient.Sum(g => g * g)), 0, 0.3e-9);
        Assert.InRange(Data.Accuracy(x), 0.7, 1);
    }

    [Fact]
    public void Inputs_that_cannot_be_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new SoftmaxData([1, float.NaN], 1, [0, 1], 2));
        Assert.Throws<ArgumentException>(() => new SoftmaxData([1, 2], 1, [0, 2], 2));
        Assert.Throws<ArgumentException>(() => new SoftmaxData([1, 2, 3], 1, [0, 1], 2));
        var shard = new SoftmaxShard(Data, [0], 1, 1);
        Assert.Throws<ArgumentException>(() => shard.Gradient(new double[3], new double[3]));
    }

    private static double[] Point(ulong seed)
    {
        var random = new OrleansDDM.Protocols.Machines.CounterStream(seed, "softmax-point");
        return [.. Enumerable.Range(0, Data.Parameters).Select(_ => random.Normal())];
    }
}
