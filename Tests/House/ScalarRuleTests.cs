using System.Reflection;

using OrleansDDM.Learning.Models;

using TorchSharp;

using Xunit;

using static TorchSharp.torch;

namespace OrleansDDM.Tests.House;

/// <summary>Why: see <see cref="Scalars"/>.</summary>
public sealed class ScalarRuleTests
{
    private readonly ScalarRule _rule = new();

    [Theory]
    [InlineData("OrleansDDM.Learning")]
    [InlineData("OrleansDDM.Experiments")]
    [InlineData("OrleansDDM.Grains")]
    public void No_scalar_is_left_to_the_collector(string assembly)
    {
        MethodBase[] methods = [.. CallScan.Methods(Assembly.Load(assembly))];
        Assert.NotEmpty(methods);
        string[] faults = [.. _rule.Faults(methods)];
        Assert.True(faults.Length == 0, string.Join(Environment.NewLine, faults));
    }

    [Fact]
    public void Kept_scalars_and_operations_without_any_pass() => Assert.Empty(_rule.Faults(CallScan.Methods(typeof(Sound))));

    [Fact]
    public void Every_way_to_lose_a_scalar_is_found()
    {
        string[] faults = [.. _rule.Faults(CallScan.Methods(typeof(Faulty)))];
        Assert.All(
            typeof(Faulty).GetMethods(BindingFlags.Public | BindingFlags.Static).Select(m => m.Name),
            name => Assert.Contains(faults, f => f.Split(" calls ")[0].Split('.', '+', '<', '>').Contains(name)));
    }

    private static class Sound
    {
        private static readonly Scalar Two = 2f;

        public static Tensor Constant(Tensor t) => t.mul(Two).add(t, Scalars.One);

        public static Tensor Disposed(Tensor t, double factor)
        {
            using Scalar scalar = factor;
            return t.mul_(scalar);
        }

        public static Tensor Without(Tensor t) => ((t * t) - t) / t.sqrt();
    }

    private static class Faulty
    {
        public static Tensor Number(Tensor t) => t.mul(2f);

        public static Tensor NumberBeforeAKeptScalar(Tensor t, double factor)
        {
            using Scalar scalar = factor;
            return t.add(2, scalar);
        }

        public static Tensor NeverDisposed(Tensor t)
        {
            Scalar scalar = 2f;
            return t.mul(scalar).mul(scalar);
        }

        public static Tensor Extension(Tensor t) => t.pow(2.ToScalar());

        public static Tensor Item(Tensor t) => t.mul(t.ToScalar());

        public static Tensor Filled() => full(3, 1f);

        public static Tensor NumberOperator(Tensor t) => 1 - t;

        public static Tensor HiddenAlpha(Tensor t) => t.add(t);

        public static Tensor HiddenAlphaOfOperator(Tensor t) => t + t;

        public static Tensor HiddenStart() => arange(Scalars.Thousand);

        public static Tensor HiddenSlope(Tensor t) => nn.functional.leaky_relu(t);

        public static Func<Tensor, Tensor> Lambda(Tensor t) => u => u + t;

        public static IEnumerable<Tensor> Iterator(Tensor t)
        {
            yield return t / 2;
        }

        public static async Task<Tensor> Async(Tensor t)
        {
            await Task.Yield();
            return t * 2;
        }
    }
}
