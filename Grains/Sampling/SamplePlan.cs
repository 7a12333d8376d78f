using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Sampling;

/// <summary>A sample request checked against its run, with the gaps filled from the run's spec.</summary>
internal sealed record SamplePlan
{
    private const int MaxCount = 4096;
    private const long MaxBytes = 32L << 20;

    /// <summary>The run's spec with the request laid over it.</summary>
    public required RunSpec Spec { get; init; }

    /// <summary>Sizes of one sample, (C, H, W).</summary>
    public required int[] Shape { get; init; }

    /// <summary>Identity of each sample.</summary>
    public required ulong[] SampleIds { get; init; }

    /// <summary>The corruption.</summary>
    public required INoiseSchedule Schedule { get; init; }

    /// <summary>How experts are mixed.</summary>
    public required IMixingRule Rule { get; init; }

    /// <summary>Classes of the samples.</summary>
    public required Condition Condition { get; init; }

    /// <summary>Expert of each sample, for the rule <c>oracle</c>.</summary>
    public int[]? Experts { get; init; }

    /// <summary>Solver steps.</summary>
    public int Steps => Spec.Sampling.Steps;

    /// <summary>Levels, noise first.</summary>
    public Level[] Grid => TimeGrids.Build(Spec.Sampling, Schedule);

    /// <summary>What happens to the mixed prediction.</summary>
    public EnsembleOptions Options => new() { Guidance = Spec.Sampling.Guidance, Clip = Spec.Sampling.Clip };

    /// <summary>Checks a request.</summary>
    /// <exception cref="RunNotFoundException">There is no such run.</exception>
    /// <exception cref="RunNotReadyException">It is not trained.</exception>
    /// <exception cref="BadRequestException">A value is out of range.</exception>
    public static SamplePlan For(SampleRequest request, RunStatus run)
    {
        if (run.Phase == RunPhase.None)
        {
            throw new RunNotFoundException(request.Run);
        }

        if (run.Phase != RunPhase.Ready || run.Data is null || run.Models.Any(m => m.Weights is null))
        {
            throw new RunNotReadyException(request.Run, run.Phase);
        }

        RunSpec spec = SpecJson.Read(run.Spec);
        spec = spec with
        {
            Mixing = new MixingSpec { Rule = request.Mixing ?? spec.Mixing.Rule },
            Sampling = spec.Sampling with
            {
                Steps = request.Steps ?? spec.Sampling.Steps,
                Scheduler = request.Scheduler ?? spec.Sampling.Scheduler,
                Guidance = request.Guidance ?? spec.Sampling.Guidance,
            },
        };
        int[] shape = [run.Data.Channels, run.Data.Height, run.Data.Width];
        Check(request, spec, run.Data, shape);
        return new SamplePlan
        {
            Spec = spec,
            Shape = shape,
            SampleIds = [.. Enumerable.Range(0, request.Count).Select(i => (ulong)(request.FirstSample + i))],
            Schedule = NoiseSchedules.Parse(spec.Diffusion.Path),
            Rule = MixingRules.Parse(spec.Mixing.Rule, run.Data.Priors),
            Experts = request.Experts,
            Condition = ConditionOf(request),
        };
    }

    private static Condition ConditionOf(SampleRequest request) => request switch
    {
        { Classes: { } classes } => new Condition(classes),
        { Class: { } c } => new Condition([.. Enumerable.Repeat(c, request.Count)]),
        _ => Condition.None,
    };

    private static void Check(SampleRequest request, RunSpec spec, DataSummary data, int[] shape)
    {
        try
        {
            SpecValidator.ValidateSampling(spec.Sampling);
            SpecValidator.ValidateRule("mixing.rule", spec.Mixing.Rule, spec.Experts.Count);
        }
        catch (SpecException e)
        {
            throw new BadRequestException(e.Message);
        }

        long most = Math.Min(MaxCount, MaxBytes / (sizeof(float) * shape.Aggregate(1L, (size, n) => size * n)));
        Require(request.Count >= 1 && request.Count <= most, $"count is {request.Count}; one request may ask for 1 to {most} samples of this size.");
        Require(request.FirstSample >= 0, $"firstSample is {request.FirstSample}; it must not be negative.");
        bool oracle = spec.Mixing.Rule == "oracle";
        Require(oracle == (request.Experts is not null), "experts go with mixing.rule oracle, which needs the expert of each sample, and with no other rule.");
        Require(
            request.Experts is null || (request.Experts.Length == request.Count && request.Experts.All(k => k >= 0 && k < spec.Experts.Count)),
            $"experts must name one of the experts 0 to {spec.Experts.Count - 1} for each of the {request.Count} samples.");
        if (request.Classes is { } each)
        {
            Require(request.Class is null, "class and classes were both given; give one of them.");
            Require(spec.Model.ClassConditional, "classes were given, but the run was trained without classes (model.classConditional).");
            Require(
                each.Length == request.Count && each.All(c => c >= -1 && c < data.Classes),
                $"classes must name one of the classes 0 to {data.Classes - 1}, or -1 for none, for each of the {request.Count} samples.");
        }
        else if (request.Class is { } wanted)
        {
            Require(spec.Model.ClassConditional, "class was given, but the run was trained without classes (model.classConditional).");
            Require(wanted >= 0 && wanted < data.Classes, $"class is {wanted}; the run knows 0 to {data.Classes - 1}.");
        }
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new BadRequestException(message);
        }
    }
}
