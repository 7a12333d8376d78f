using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.ExceptionServices;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Simulation.Surveys;

/// <summary>Runs many plans side by side and sums up. The summary does not depend on how many run at a time.</summary>
public static class Survey
{
    /// <summary>Runs these plans.</summary>
    /// <param name="count">Number of plans.</param>
    /// <param name="plan">Makes the plan of a number, 0 .. count − 1.</param>
    /// <param name="threads">Plans to run at a time, at least 1.</param>
    /// <param name="cancellation">Stops between plans.</param>
    /// <exception cref="SpecException">A plan is wrong.</exception>
    public static SurveyResult Run(int count, Func<int, SimulationPlan> plan, int threads, CancellationToken cancellation = default)
    {
        Stopwatch clock = Stopwatch.StartNew();
        return new SurveyResult([.. Each(count, i => RunOne(plan(i)), threads, cancellation)], clock.Elapsed.TotalSeconds);
    }

    /// <summary>Runs something for each number, some at a time.</summary>
    /// <param name="count">Numbers 0 .. count − 1.</param>
    /// <param name="run">What to run.</param>
    /// <param name="threads">How many at a time, at least 1.</param>
    /// <param name="cancellation">Stops between them.</param>
    /// <returns>What came of each, in the order of the numbers.</returns>
    /// <exception cref="SpecException">A plan is wrong.</exception>
    public static T[] Each<T>(int count, Func<int, T> run, int threads, CancellationToken cancellation = default)
    {
        T[] results = new T[count];
        try
        {
            Parallel.For(
                0,
                count,
                new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, threads), CancellationToken = cancellation },
                i => results[i] = run(i));
        }
        catch (AggregateException faults)
        {
            // One error is enough to mend a plan that all runs share.
            ExceptionDispatchInfo.Throw(faults.InnerExceptions[0]);
        }

        return results;
    }

    /// <summary>Runs one plan to its end and checks what must hold.</summary>
    public static SurveyRun RunOne(SimulationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Crash is not null)
        {
            CrashOutcome outcome = CrashScenario.Run(plan);
            return new SurveyRun(plan.Seed, outcome.Result, outcome.Failure, outcome.Holds ? null : plan);
        }

        Simulator simulator = new(plan);
        try
        {
            SimulationResult result = simulator.Run();
            string? failure = RunCheck.Failure(simulator, result);
            return new SurveyRun(plan.Seed, result, failure, failure is null ? null : plan);
        }
        catch (SimulationException broken)
        {
            return new SurveyRun(plan.Seed, simulator.Result(), broken.What, plan);
        }
    }
}

/// <summary>What came of one plan.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Result">Its counts.</param>
/// <param name="Failure">What did not hold; null = all did.</param>
/// <param name="Plan">The plan that replays a failure; null without one.</param>
public sealed record SurveyRun(ulong Seed, SimulationResult Result, string? Failure, SimulationPlan? Plan)
{
    /// <summary>Highest round completed.</summary>
    public long Rounds => Result.Completions.IsEmpty ? 0 : Result.Completions[^1].Round;

    /// <summary>Longest virtual time without a new highest round, from the first one on.</summary>
    public double WorstStall => Result.Completions.IsEmpty ? Result.Seconds : Result.LongestStall(Result.Completions[0].Seconds, Result.Seconds);
}

/// <summary>What came of many plans.</summary>
/// <param name="Runs">One after the other, in the order of the plans.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record SurveyResult(ImmutableArray<SurveyRun> Runs, double Seconds)
{
    /// <summary>Runs in which something did not hold.</summary>
    public IEnumerable<SurveyRun> Failures => Runs.Where(r => r.Failure is not null);

    /// <summary>64 bits over the hashes of all runs; the run's own hash where there is one.</summary>
    public ulong Hash => Runs is [var only] ? only.Result.Hash : Runs.Aggregate(1UL, (h, r) => CounterRandom.Bits(h, r.Result.Hash));
}
