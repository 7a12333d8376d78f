using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using AdamW = OrleansDDM.Learning.Training.AdamW;

namespace OrleansDDM.Tests.Learning.Training;

/// <summary>Reference vectors: three updates of a weight (1, -2), which is decayed, and a bias 0.5, which is not, in double precision.</summary>
public sealed class OptimizerTests
{
    private static readonly float[][] Gradients = [[0.5f, -1, 0.25f], [-0.1f, 2, 0], [0.3f, 0.3f, -1]];
    private static readonly double[] Rates = [0.1, 0.05, 0.01];
    private static readonly TrainingSpec Spec = new() { Beta1 = 0.9, Beta2 = 0.99, WeightDecay = 0.1 };

    /// <summary>Computed with <c>torch.optim.AdamW</c> in float64.</summary>
    [Fact]
    public void AdamW_follows_the_reference()
    {
        double[][] expected =
        [
            [0.890000002, -1.880000001, 0.400000004],
            [0.8599451448, -1.8888803865, 0.3664209985],
            [0.8524258931, -1.8906492867, 0.3713440775],
        ];
        Follows(expected, vector => new AdamW(vector, Spec));
    }

    /// <summary>Computed by hand: v = 0.9 v + g; w = w (1 - 0.1 rate) - rate v.</summary>
    [Fact]
    public void Sgd_follows_the_reference()
    {
        double[][] expected = [[0.94, -1.88, 0.475], [0.9178, -1.9256, 0.46375], [0.9107322, -1.9365744, 0.471725]];
        Follows(expected, vector => new Sgd(vector, Spec));
    }

    [Theory]
    [InlineData("adamw")]
    [InlineData("sgd")]
    public void Without_decay_a_zero_gradient_changes_nothing(string optimizer)
    {
        using DisposeScope scope = NewDisposeScope();
        using ModelVector vector = Vector();
        TrainingSpec spec = Spec with { WeightDecay = 0 };
        using IOptimizer tested = optimizer == "sgd" ? new Sgd(vector, spec) : new AdamW(vector, spec);
        tested.Update(vector.Values, zeros(3), 1, 0.1);
        Assert.Equal([1f, -2f, 0.5f], vector.Values.data<float>().ToArray());
    }

    private static void Follows(double[][] expected, Func<ModelVector, IOptimizer> create)
    {
        using DisposeScope scope = NewDisposeScope();
        using ModelVector vector = Vector();
        using IOptimizer optimizer = create(vector);
        for (int step = 0; step < expected.Length; step++)
        {
            optimizer.Update(vector.Values, tensor(Gradients[step]), step + 1, Rates[step]);
            float[] values = vector.Values.data<float>().ToArray();
            for (int i = 0; i < values.Length; i++)
            {
                Assert.Equal(expected[step][i], values[i], 1e-6);
            }
        }
    }

    private static ModelVector Vector()
    {
        TorchSharp.Modules.Linear layer = nn.Linear(2, 1);
        ModelVector vector = ModelVector.Adopt(layer);
        using IDisposable noGrad = no_grad();
        vector.Values.copy_(tensor(new float[] { 1, -2, 0.5f }));
        return vector;
    }
}
