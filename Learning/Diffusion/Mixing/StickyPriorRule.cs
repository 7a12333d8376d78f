using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>
/// Draws one expert per sample from the cluster prior p(k) and stays with it at every step: an exact sampler of the mixture that needs
/// no router. The draw is keyed by (seed, sample) only. When the drawn expert is dead, the next draw counts, so that samples of
/// living experts keep theirs.
/// </summary>
internal sealed class StickyPriorRule : IMixingRule
{
    private const int Attempts = 64;

    private readonly double[] _priors;

    public StickyPriorRule(IReadOnlyList<double> priors)
    {
        double sum = priors.Sum();
        if (priors.Count == 0 || priors.Any(p => !(p >= 0)) || !(sum > 0 && double.IsFinite(sum)))
        {
            throw new ArgumentException($"Priors must be non-negative with a positive, finite sum, not ({string.Join(", ", priors)}).", nameof(priors));
        }

        _priors = [.. priors.Select(p => p / sum)];
    }

    public string Id => "sticky-prior";

    public bool NeedsRouter => false;

    public bool PicksOne => true;

    public MixingPlan Plan(double[] weights, int count, MixingContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (_priors.Length != count)
        {
            throw new ArgumentException($"sticky-prior has {_priors.Length} priors for {count} experts; give one prior per expert.", nameof(count));
        }

        double[] living = [.. _priors.Select((p, k) => context.Alive?[k] ?? true ? p : 0)];
        double mass = living.Sum();
        if (mass <= 0)
        {
            throw new InvalidOperationException("No living expert has any prior mass. Bring one of the dead experts back.");
        }

        int batch = context.SampleIds.Count;
        var plan = new MixingPlan(batch, count, new double[batch * count], new double[batch], new double[batch]);
        Array.Fill(plan.Dead, _priors.Where((_, k) => !(context.Alive?[k] ?? true)).Sum());
        for (int row = 0; row < batch; row++)
        {
            plan.Weights[(row * count) + Draw(living, mass, context.Seed, context.SampleIds[row])] = 1;
        }

        return plan;
    }

    private int Draw(double[] living, double mass, ulong seed, ulong sample)
    {
        for (ulong attempt = 0; attempt < Attempts; attempt++)
        {
            int k = RouterRule.Draw(_priors, CounterRandom.Uniform(seed, RandomRoles.StickyExpert, sample, attempt));
            if (living[k] > 0)
            {
                return k;
            }
        }

        return RouterRule.Draw([.. living.Select(p => p / mass)], CounterRandom.Uniform(seed, RandomRoles.StickyExpert, sample, Attempts));
    }
}
