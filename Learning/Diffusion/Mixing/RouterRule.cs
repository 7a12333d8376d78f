using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>
/// A rule that turns p(k | x_t) into effective weights, sample by sample. Dead experts are left out and the rest renormalised, which is
/// the exact posterior mean of the remaining data; the rule then works on what is left.
/// </summary>
/// <param name="id">Name in a spec.</param>
/// <param name="picksOne">Whether each sample gets exactly one expert.</param>
/// <param name="select">From p (K), which sums to 1, to unnormalised effective weights (K), in place.</param>
internal sealed class RouterRule(string id, bool picksOne, RouterRule.Selection select) : IMixingRule
{
    // Softmax in float32 is off by about 1e-6; anything that is off by more than this is not a softmax.
    private const double SumTolerance = 1e-3;

    /// <summary>Rewrites the probabilities of one sample as weights.</summary>
    internal delegate void Selection(Span<double> p, ulong sample, MixingContext context);

    public string Id => id;

    public bool NeedsRouter => true;

    public bool PicksOne => picksOne;

    public MixingPlan Plan(double[] weights, int count, MixingContext context)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(context);
        int batch = context.SampleIds.Count;
        if (weights.Length != batch * count)
        {
            throw new ArgumentException($"Router weights must be ({batch}, {count}), but there are {weights.Length} of them.", nameof(weights));
        }

        var plan = new MixingPlan(batch, count, new double[weights.Length], new double[batch], new double[batch]);
        Span<double> p = stackalloc double[count];
        for (int row = 0; row < batch; row++)
        {
            weights.AsSpan(row * count, count).CopyTo(p);
            Normalize(p, row);
            plan.Dead[row] = RemoveDead(p, row, context);
            Span<double> effective = plan.Weights.AsSpan(row * count, count);
            p.CopyTo(effective);
            select(effective, context.SampleIds[row], context);
            double sum = 0;
            double dropped = 0;
            for (int k = 0; k < count; k++)
            {
                sum += effective[k];
                dropped += effective[k] > 0 ? 0 : p[k];
            }

            for (int k = 0; k < count; k++)
            {
                effective[k] /= sum;
            }

            plan.Dropped[row] = dropped * (1 - plan.Dead[row]);
        }

        return plan;
    }

    public static RouterRule Full() => new("full", false, static (_, _, _) => { });

    public static RouterRule Top(int n) => new($"top-{n}", n == 1, (p, _, _) => Keep(p, Order(p).Take(n)));

    // Drawn with replacement and weighed by how often: the mean over draws is the full mix.
    public static RouterRule Sample(int n) => new($"sample-{n}", n == 1, (p, sample, context) =>
    {
        double[] uniforms = new double[n];
        CounterRandom.Uniform<double>(uniforms, context.Seed, RandomRoles.SampledExperts, sample, (ulong)context.Step);
        double[] counts = new double[p.Length];
        foreach (double u in uniforms)
        {
            counts[Draw(p, u)]++;
        }

        counts.CopyTo(p);
    });

    // The best expert stays even where all are below the threshold.
    public static RouterRule Threshold(string id, double threshold) => new(id, false, (p, _, _) =>
    {
        double[] copy = p.ToArray();
        int[] order = Order(p);
        Keep(p, order.Where((k, rank) => rank == 0 || copy[k] >= threshold));
    });

    // The fewest experts whose mass reaches the given one.
    public static RouterRule Nucleus(string id, double mass) => new(id, false, (p, _, _) =>
    {
        double reached = 0;
        int needed = 0;
        int[] order = Order(p);
        while (needed < order.Length && reached < mass)
        {
            reached += p[order[needed++]];
        }

        Keep(p, order.Take(needed));
    });

    /// <summary>The index drawn from <paramref name="p"/> (sum 1) by a uniform number, never one of mass 0.</summary>
    internal static int Draw(ReadOnlySpan<double> p, double uniform)
    {
        double cumulative = 0;
        int last = -1;
        for (int k = 0; k < p.Length; k++)
        {
            if (p[k] > 0)
            {
                last = k;
                cumulative += p[k];
                if (uniform < cumulative)
                {
                    break;
                }
            }
        }

        return last;
    }

    // Best first; ties go to the lower index.
    private static int[] Order(ReadOnlySpan<double> p)
    {
        double[] copy = p.ToArray();
        return [.. Enumerable.Range(0, copy.Length).OrderByDescending(k => copy[k])];
    }

    private static void Keep(Span<double> p, IEnumerable<int> kept)
    {
        double[] copy = p.ToArray();
        p.Clear();
        foreach (int k in kept)
        {
            p[k] = copy[k];
        }
    }

    private static void Normalize(Span<double> p, int row)
    {
        double sum = 0;
        foreach (double value in p)
        {
            if (!(value >= 0 && double.IsFinite(value)))
            {
                throw new ArgumentException($"Router weights must be probabilities, but row {row} has {value}; apply a softmax to logits first.");
            }

            sum += value;
        }

        if (Math.Abs(sum - 1) > SumTolerance)
        {
            throw new ArgumentException($"Router weights of a sample must sum to 1, but row {row} sums to {sum}; apply a softmax to logits first.");
        }

        for (int k = 0; k < p.Length; k++)
        {
            p[k] /= sum;
        }
    }

    private static double RemoveDead(Span<double> p, int row, MixingContext context)
    {
        if (context.Alive is null || context.Alive.All(alive => alive))
        {
            return 0;
        }

        double dead = 0;
        double living = 0;
        for (int k = 0; k < p.Length; k++)
        {
            if (context.Alive[k])
            {
                living += p[k];
            }
            else
            {
                dead += p[k];
                p[k] = 0;
            }
        }

        if (living <= 0)
        {
            throw new InvalidOperationException(
                $"No living expert has any mass for sample {context.SampleIds[row]}: all of it is on dead experts. Bring one of them back.");
        }

        for (int k = 0; k < p.Length; k++)
        {
            p[k] /= living;
        }

        return dead;
    }
}
