using OrleansDDM.Protocols.Dadao;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Dadao;

public sealed class DadaoFlowTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(21.9)]
    [InlineData(1e6)]
    public void Exponentials_multiply_as_their_times_add_even_where_the_matrix_is_defective(double condition)
    {
        DadaoFlow flow = new(new DadaoParameters(1, condition, 3));
        double[,] whole = flow.Exponential(7.3);
        double[][] state = [.. Enumerable.Range(0, 6).Select(v => new double[] { 1 + v })];
        DadaoFlow.Apply(flow.Exponential(2.1), state);
        DadaoFlow.Apply(flow.Exponential(5.2), state);

        for (int row = 0; row < 6; row++)
        {
            double direct = Enumerable.Range(0, 6).Sum(column => whole[row, column] * (1 + column));
            Assert.True(double.IsFinite(direct));
            Assert.Equal(0, (state[row][0] - direct) / Math.Max(1, Math.Abs(direct)), 1e-11);
        }
    }

    [Fact]
    public void Pairs_have_their_closed_forms_and_the_rest_its_derivative()
    {
        DadaoParameters p = new(1, 21.9, 3);
        DadaoFlow flow = new(p);
        double[] start = [1, 2, 3, -1, 0.5, 4];
        double[][] state = [.. start.Select(s => new[] { s })];
        DadaoFlow.Apply(flow.Exponential(3), state);

        // x − x̃ decays with 2η and x + x̃ stays; z − z̃ decays with α + α̃ and α̃z + αz̃ stays.
        Assert.Equal((1 - 2) * Math.Exp(-2 * p.Eta * 3), state[0][0] - state[1][0], 1e-13);
        Assert.Equal(3, state[0][0] + state[1][0], 1e-13);
        Assert.Equal((0.5 - 4) * Math.Exp(-(p.Alpha + p.AlphaTilde) * 3), state[4][0] - state[5][0], 1e-13);
        Assert.Equal((p.AlphaTilde * 0.5) + (p.Alpha * 4), (p.AlphaTilde * state[4][0]) + (p.Alpha * state[5][0]), 1e-13);

        const double h = 1e-6;
        double[][] next = [.. start.Select(s => new[] { s })];
        DadaoFlow.Apply(flow.Exponential(h), next);
        Assert.Equal(p.Alpha * (-1 - 3), (next[2][0] - 3) / h, 1e-4);
        Assert.Equal(-p.Theta * ((p.Nu * 2) + 3 + 0.5), (next[3][0] + 1) / h, 1e-4);
    }
}
