using OrleansDDM.Grains.Solves;
using OrleansDDM.Protocols.Machines;

using Xunit;

namespace OrleansDDM.Tests.Grains.Solves;

public sealed class CertificateTests
{
    [Fact]
    public void Bound_holds_for_every_peer_wherever_the_peers_are()
    {
        // f_i(x) = ½ Σ_d c_id (x_d − b_id)², c in [μ, L].
        const int Peers = 4, Dimension = 3;
        var random = new CounterStream(1, "certificate");
        for (int draw = 0; draw < 300; draw++)
        {
            double[][] c = Draw(() => 0.5 + (1.5 * random.Unit())), b = Draw(random.Normal);
            double[] optimum = [.. Enumerable.Range(0, Dimension).Select(d => c.Zip(b, (ci, bi) => ci[d] * bi[d]).Sum() / c.Sum(ci => ci[d]))];
            double spread = Math.Pow(10, -6 * random.Unit());
            double[][] x = [.. Enumerable.Range(0, Peers).Select(_ => optimum.Select(o => o + (spread * random.Normal())).ToArray())];
            double[][] g = [.. Enumerable.Range(0, Peers).Select(i => Enumerable.Range(0, Dimension).Select(d => c[i][d] * (x[i][d] - b[i][d])).ToArray())];
            Certificate certificate = Certificate.Of(x, g, 0.5, 2);
            double worst = x.Max(xi => Certificate.Norm(xi.Zip(optimum, (p, q) => p - q)));
            Assert.InRange(certificate.Bound, worst, 40 * worst);
            Assert.InRange(certificate.Disagreement, 0, 2 * worst);
        }

        double[][] Draw(Func<double> next) => [.. Enumerable.Range(0, Peers).Select(_ => Enumerable.Range(0, Dimension).Select(_ => next()).ToArray())];
    }

    [Fact]
    public void Bound_is_exact_where_the_peers_agree_on_a_sphere_shaped_problem()
    {
        // f_i(x) = ½ μ ‖x − b_i‖²: x* = mean b_i.
        double[][] b = [[1, 0], [3, 0]], x = [[5, 4], [5, 4]];
        double[][] g = [.. b.Select((bi, i) => x[i].Zip(bi, (p, q) => 0.5 * (p - q)).ToArray())];
        Assert.Equal(5, Certificate.Of(x, g, 0.5, 0.5).Bound, 1e-12);
    }
}
