using System.Numerics;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>What all schedulers share: the checks, the walk along the grid, and the first-order step.</summary>
internal abstract class Scheduler<T>(string id) : IScheduler<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Id => id;

    public SolverState<T> Begin(State<T> x, IReadOnlyList<Level> grid, ulong seed, IReadOnlyList<ulong> sampleIds)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentNullException.ThrowIfNull(sampleIds);
        if (grid.Count < 2)
        {
            throw new ArgumentException($"A grid needs at least 2 levels, not {grid.Count}.", nameof(grid));
        }

        for (int i = 0; i < grid.Count; i++)
        {
            bool valid = grid[i] is { Alpha: >= 0 and < double.PositiveInfinity, Sigma: >= 0 and < double.PositiveInfinity }
                && (grid[i].Sigma > 0 || i == grid.Count - 1)
                && (i == 0 || grid[i - 1].Alpha * grid[i].Sigma < grid[i].Alpha * grid[i - 1].Sigma);
            if (!valid)
            {
                throw new ArgumentException($"A grid must go strictly from noise to data, with sigma = 0 at most in the last level, but level {i} is {grid[i]}.", nameof(grid));
            }
        }

        if (sampleIds.Count != x.Batch)
        {
            throw new ArgumentException($"There are {sampleIds.Count} sample ids for a batch of {x.Batch}; give one each.", nameof(sampleIds));
        }

        return new SolverState<T>(Id, 0, 0, x, [], [.. grid], seed, [.. sampleIds]);
    }

    public SolverRequest<T> Next(SolverState<T> state)
    {
        RequireOwn(state);
        return state.Index == state.Grid.Count - 1
            ? new DoneRequest<T>(state.X)
            : new EvaluateRequest<T>(state.X, state.Grid[state.Index + state.Stage]);
    }

    public SolverState<T> Advance(SolverState<T> state, State<T> x0)
    {
        RequireOwn(state);
        if (state.Index == state.Grid.Count - 1)
        {
            throw new InvalidOperationException("The samples are ready; there is no step left to advance.");
        }

        StateMath.RequireAlike(state.X, x0);
        return Advance(state, x0, state.Grid[state.Index], state.Grid[state.Index + 1]);
    }

    /// <summary>Takes the prediction <paramref name="x0"/> in the step between two levels.</summary>
    protected abstract SolverState<T> Advance(SolverState<T> state, State<T> x0, Level from, Level to);

    /// <summary>
    /// The exact solution for a constant x0: x_t = (s_t / s_s) x + (a_t - a_s s_t / s_s) x0. It is DDIM with eta 0, Euler in the sigma of
    /// the variance-exploding path, Euler on the velocity of the flow path, and DPM-Solver++ of order 1.
    /// </summary>
    protected static State<T> FirstOrder(State<T> x, State<T> x0, Level from, Level to)
    {
        double ratio = to.Sigma / from.Sigma;
        return StateMath.Combine(x, ratio, x0, to.Alpha - (from.Alpha * ratio));
    }

    /// <summary>The state after a whole step.</summary>
    protected static SolverState<T> Step(SolverState<T> state, State<T> x, params IReadOnlyList<SolverMemory<T>> history) =>
        state with { Index = state.Index + 1, Stage = 0, X = x, History = history };

    private void RequireOwn(SolverState<T> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Scheduler != Id)
        {
            throw new ArgumentException($"The state belongs to scheduler {state.Scheduler}, not {Id}; go on with the one it was begun with.", nameof(state));
        }
    }
}
