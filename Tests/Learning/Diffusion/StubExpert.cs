using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Tests.Learning.Diffusion;

/// <summary>An expert that answers x0 = constant + class, counts its samples, and can fail or wait.</summary>
internal sealed class StubExpert(double constant, MixRule mix = MixRule.Linear) : IExpert<double>
{
    public ExpertContract Contract { get; } = new(NoiseSchedules.Flow, Parameterization.X0, mix);

    public List<int> Batches { get; } = [];

    public Exception? Failure { get; set; }

    public Task? Gate { get; set; }

    public async ValueTask<State<double>> PredictAsync(State<double> x, Level level, Condition condition, CancellationToken cancellation = default)
    {
        Batches.Add(x.Batch);
        if (Gate is not null)
        {
            await Gate;
        }

        if (Failure is not null)
        {
            throw Failure;
        }

        int width = x["x"].Values.Length / x.Batch;
        return x.Map(a => a with { Values = [.. a.Values.Select((_, i) => constant + (condition.Classes?[i / width] ?? 0))] });
    }
}

/// <summary>A router with the same weights for every sample, or one weight row per sample.</summary>
internal sealed class StubRouter(params double[][] rows) : IRouter<double>
{
    public int Count => rows[0].Length;

    public int Calls { get; private set; }

    public ValueTask<double[]> WeightsAsync(State<double> x, Level level, Condition condition, CancellationToken cancellation = default)
    {
        Calls++;
        return new([.. Enumerable.Range(0, x.Batch).SelectMany(b => rows[b % rows.Length])]);
    }
}
