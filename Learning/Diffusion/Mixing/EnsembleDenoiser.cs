using System.Numerics;
using System.Numerics.Tensors;

using OrleansDDM.Learning.Sampling;

namespace OrleansDDM.Learning.Diffusion;

/// <summary>
/// Experts and a router as one prediction of x0 (DDM eq. 7). Plans first and asks only the experts needed, each for its own samples and
/// at its own matched level; answers are mixed as x0, summed in expert index order whatever the order of arrival; then guidance, then
/// clipping. Without state: safe to share among requests.
/// </summary>
/// <remarks>Awaits keep the caller's synchronization context, so that it can run inside an actor's turn.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class EnsembleDenoiser<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly IRouter<T>? _router;
    private readonly IReadOnlyList<IExpert<T>> _experts;
    private readonly IMixingRule _rule;
    private readonly EnsembleOptions _options;

    /// <summary>Creates an ensemble.</summary>
    /// <param name="router">Router over the experts; may be null for one expert or a rule that needs none.</param>
    /// <param name="experts">Experts, in index order.</param>
    /// <param name="rule">Mixing rule; not consulted for one expert.</param>
    /// <param name="options">Guidance, clipping, failures.</param>
    /// <exception cref="ArgumentException">No expert, a router that is missing or of another size, or a guidance weight that is not finite.</exception>
    /// <exception cref="InvalidOperationException">Predictions would be averaged although an expert's contract forbids it.</exception>
    public EnsembleDenoiser(IRouter<T>? router, IReadOnlyList<IExpert<T>> experts, IMixingRule rule, EnsembleOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(experts);
        ArgumentNullException.ThrowIfNull(rule);
        options ??= new EnsembleOptions();
        if (experts.Count == 0)
        {
            throw new ArgumentException("An ensemble needs at least one expert.", nameof(experts));
        }

        if (experts.Count > 1 && rule.NeedsRouter && router?.Count != experts.Count)
        {
            throw new ArgumentException(
                $"Mixing rule {rule.Id} over {experts.Count} experts needs a router over as many, not {(router is null ? "none" : $"one over {router.Count}")}.",
                nameof(router));
        }

        if (!double.IsFinite(options.Guidance))
        {
            throw new ArgumentException($"The guidance weight must be finite, not {options.Guidance}.", nameof(options));
        }

        bool averages = (experts.Count > 1 && !rule.PicksOne) || options.Guidance is not (0 or 1);
        int forbidden = averages ? experts.ToList().FindIndex(e => e.Contract.Mix == MixRule.None) : -1;
        if (forbidden >= 0)
        {
            throw new InvalidOperationException(
                $"The contract of expert {forbidden} forbids averaging its predictions, but mixing rule {rule.Id} with guidance {options.Guidance} would. "
                + "Use a rule that takes one expert per sample (top-1, sample-1, sticky-prior, oracle) and guidance 0 or 1.");
        }

        _router = router;
        _experts = experts;
        _rule = rule;
        _options = options;
    }

    /// <summary>Number of experts K.</summary>
    public int Count => _experts.Count;

    /// <summary>Predicts x0.</summary>
    /// <param name="x">x_t, batch first.</param>
    /// <param name="level">The solver's level.</param>
    /// <param name="condition">Classes of the samples.</param>
    /// <param name="context">Identity of the samples, step, living experts.</param>
    /// <param name="cancellation">Cancels the calls to experts.</param>
    /// <exception cref="ArgumentException">Sizes that do not match, or router weights that are no probabilities.</exception>
    /// <exception cref="ArithmeticException">A prediction has a NaN or an infinity.</exception>
    /// <exception cref="ExpertUnavailableException">An expert failed, and failures are not tolerated.</exception>
    /// <exception cref="InvalidOperationException">No living expert has any mass for a sample.</exception>
    public async ValueTask<Denoised<T>> DenoiseAsync(
        State<T> x, Level level, Condition condition, MixingContext context, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(context);
        int batch = x.Batch;
        Require(context.SampleIds.Count == batch, $"{context.SampleIds.Count} sample ids for a batch of {batch}");
        Require(condition.Classes is null || condition.Classes.Length == batch, $"{condition.Classes?.Length} classes for a batch of {batch}");
        Require(context.Alive is null || context.Alive.Count == Count, $"{context.Alive?.Count} flags of life for {Count} experts");

        bool conditional = condition.Classes?.Any(c => c >= 0) ?? false;
        bool guided = conditional && _options.Guidance is not (0 or 1);
        Pass pass = (guided, conditional) switch
        {
            // One batch of 2 B: the conditional samples, then the same ones unconditionally.
            (true, _) => new Pass(Twice(x), new Condition([.. condition.Classes!, .. Enumerable.Repeat(-1, batch)]), Twice(context)),
            (false, true) when _options.Guidance == 0 => new Pass(x, Condition.None, context),
            _ => new Pass(x, condition, context),
        };

        (State<T> x0, DenoiserReport report) = await MixAsync(pass, level, batch, cancellation);
        if (guided)
        {
            State<T> with = x0.Select([.. Enumerable.Range(0, batch)]);
            State<T> without = x0.Select([.. Enumerable.Range(batch, batch)]);
            x0 = StateMath.Combine(without, 1 - _options.Guidance, with, _options.Guidance);
        }

        return new Denoised<T>(_options.Clip ? StateMath.Clip(x0, -1, 1) : x0, report);
    }

    private async ValueTask<(State<T> X0, DenoiserReport Report)> MixAsync(Pass pass, Level level, int reported, CancellationToken cancellation)
    {
        double[] weights = Count > 1 && _rule.NeedsRouter
            ? await _router!.WeightsAsync(pass.X, level, pass.Condition, cancellation)
            : [];
        bool[] alive = [.. pass.Context.Alive ?? Enumerable.Repeat(true, Count)];
        var answers = new Answer?[Count];
        var failed = new SortedSet<int>();
        int evaluations = 0;
        while (true)
        {
            MixingPlan plan = Plan(weights, alive, pass);
            var calls = new Task<State<T>?>?[Count];
            for (int k = 0; k < Count; k++)
            {
                int[] rows = plan.RowsOf(k);
                if (rows.Length == 0 || (answers[k] is { } known && known.Rows.AsSpan().SequenceEqual(rows)))
                {
                    continue;
                }

                if (!alive[k])
                {
                    throw new InvalidOperationException($"Mixing rule {_rule.Id} asks for expert {k}, which is dead; a rule must plan with living experts.");
                }

                answers[k] = new Answer(rows, null);
                evaluations += rows.Length;
                calls[k] = AskAsync(k, rows, pass, level, cancellation);
            }

            await Task.WhenAll(calls.OfType<Task<State<T>?>>());
            bool again = false;
            for (int k = 0; k < Count; k++)
            {
                if (calls[k] is not { } call)
                {
                    continue;
                }

                answers[k] = await call is { } x0 ? answers[k]! with { X0 = x0 } : null;
                if (answers[k] is null)
                {
                    alive[k] = false;
                    failed.Add(k);
                    again = true;
                }
            }

            if (!again)
            {
                return (Sum(pass.X, plan, answers), Report(plan, reported, failed, evaluations));
            }
        }
    }

    private MixingPlan Plan(double[] weights, bool[] alive, Pass pass)
    {
        if (Count > 1)
        {
            return _rule.Plan(weights, Count, pass.Context with { Alive = alive });
        }

        return alive[0] ? MixingPlan.Single(pass.X.Batch) : throw new InvalidOperationException("The only expert is dead. Bring it back.");
    }

    // Null when the expert failed and failures are tolerated.
    private async Task<State<T>?> AskAsync(int k, int[] rows, Pass pass, Level level, CancellationToken cancellation)
    {
        bool all = rows.Length == pass.X.Batch;
        State<T> x = all ? pass.X : pass.X.Select(rows);
        Condition condition = all || pass.Condition.Classes is not { } classes ? pass.Condition : new Condition([.. rows.Select(r => classes[r])]);
        try
        {
            State<T> x0 = await ExpertMatching.PredictX0Async(_experts[k], x, level, condition, cancellation);
            StateMath.RequireAlike(x, x0);
            return x0;
        }
        catch (ExpertUnavailableException) when (_options.TolerateFailures)
        {
            return null;
        }
        catch (ArithmeticException e)
        {
            throw new ArithmeticException($"Expert {k} of {Count}: {e.Message}", e);
        }
    }

    private State<T> Sum(State<T> x, MixingPlan plan, Answer?[] answers)
    {
        int array = 0;
        return x.Map(shape =>
        {
            int width = shape.Values.Length / Math.Max(x.Batch, 1);
            var sum = new T[shape.Values.Length];
            bool[] written = new bool[x.Batch];
            for (int k = 0; k < Count; k++)
            {
                int[] rows = plan.RowsOf(k);
                for (int i = 0; i < rows.Length; i++)
                {
                    T weight = T.CreateTruncating(plan.Weights[(rows[i] * Count) + k]);
                    Span<T> target = sum.AsSpan(rows[i] * width, width);
                    ReadOnlySpan<T> source = answers[k]!.X0!.Arrays[array].Values.AsSpan(i * width, width);
                    if (written[rows[i]])
                    {
                        TensorPrimitives.MultiplyAdd(source, weight, target, target);
                    }
                    else
                    {
                        TensorPrimitives.Multiply(source, weight, target);
                        written[rows[i]] = true;
                    }
                }
            }

            array++;
            return shape with { Values = sum };
        });
    }

    private static DenoiserReport Report(MixingPlan plan, int rows, SortedSet<int> failed, int evaluations)
    {
        double[] mean = new double[plan.Count];
        for (int i = 0; i < rows * plan.Count; i++)
        {
            mean[i % plan.Count] += plan.Weights[i] / rows;
        }

        int[][] experts = [.. Enumerable.Range(0, rows).Select(plan.ExpertsOf)];
        return new DenoiserReport(experts, mean, plan.Dropped[..rows], plan.Dead[..rows], [.. failed], evaluations);
    }

    private static State<T> Twice(State<T> x) => x.Select([.. Enumerable.Range(0, x.Batch), .. Enumerable.Range(0, x.Batch)]);

    private static MixingContext Twice(MixingContext context) => context with
    {
        SampleIds = [.. context.SampleIds, .. context.SampleIds],
        Labels = context.Labels is null ? null : [.. context.Labels, .. context.Labels],
    };

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new ArgumentException($"There are {what}; there must be one each.");
        }
    }

    private sealed record Pass(State<T> X, Condition Condition, MixingContext Context);

    private sealed record Answer(int[] Rows, State<T>? X0);
}
