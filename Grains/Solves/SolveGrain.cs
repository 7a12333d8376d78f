using Microsoft.Extensions.Logging;

using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Solves;
using OrleansDDM.Grains.Peers;
using OrleansDDM.Grains.State;
using OrleansDDM.Learning.Data;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Solves;

/// <summary>
/// A convex problem that peers solve by DADAO. It starts them, starts those again that came back, looks every second whether they are near enough to the
/// optimum, and stops them; it takes no part in what they exchange. Recovery: its state says whether it is running; the first silo of the cluster that sees it so,
/// a report of a peer, or whoever asks for it, brings it back under a higher term, and the peers go on meanwhile.
/// Key format: <c>solve/NAME</c>.
/// </summary>
[Immovable]
internal sealed partial class SolveGrain(
    [PersistentState("solve", StorageNames.Provider)] IPersistentState<SolveState> state, PeerServices services) : Grain, ISolveGrain
{
    private const int MaxSpec = 1 << 16;

    private readonly ILogger _logger = services.Loggers.CreateLogger<SolveGrain>();
    private readonly CancellationTokenSource _left = new();
    private string _name = string.Empty;
    private StateRow<SolveState> _row = null!;
    private SolveCrew? _crew;
    private CancellationTokenSource _stop = new();
    private Task _driving = Task.CompletedTask;

    private SolveState State => _row.Value;

    private bool IsRunning => State.Status.Phase == SolvePhase.Running;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _name = GrainKeys.SolveName(this.GetPrimaryKeyString());
        RunOptions options = services.Options.Value;
        Retry retry = options.Retry(options.StorePatience, services.Clock, (int)this.GetGrainId().GetUniformHashCode());
        _row = new StateRow<SolveState>($"solve '{_name}'", state, retry, e => LogWaiting(_name, e.Message));
        if (IsRunning)
        {
            Drive();
        }

        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _left.CancelAsync();
        await _stop.CancelAsync();
        _row?.Leave();
        await _driving.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    public async Task<SolveStatus> SubmitAsync(string spec, bool force = false, CancellationToken cancellation = default)
    {
        SolveSpec solve = Read(spec);
        string hash = solve.Hash();
        SolveStatus known = State.Status;
        if (known.SpecHash == hash && (IsRunning || State.Solution.Length > 0))
        {
            return Status();
        }

        if (known.SpecHash.Length > 0 && known.SpecHash != hash)
        {
            if (!force)
            {
                throw new RunConflictException(_name, known.SpecHash);
            }

            // Peers that are not there forget by themselves: they are of a solve that is no more.
            await EndDrivingAsync();
            await (Crew()?.StopAsync(forget: true) ?? Task.CompletedTask);
            _crew = null;
            _row.Value = new SolveState { Term = State.Term };
        }

        State.Spec = solve.ToJson();
        State.Status = State.Status with { Name = _name, SpecHash = hash, Phase = SolvePhase.Running, Message = null };
        await _row.SaveAsync();
        if (IsRunning)
        {
            Drive(); // unless it was stopped meanwhile
        }

        return Status();
    }

    public async Task<SolveStatus> StopAsync(CancellationToken cancellation = default)
    {
        if (IsRunning)
        {
            await EndDrivingAsync();
            if (IsRunning)
            {
                await (Crew()?.StopAsync(forget: false) ?? Task.CompletedTask);
                await EndAsync(SolvePhase.Stopped, null);
            }
        }

        return Status();
    }

    public async Task RemoveAsync(bool force = false, CancellationToken cancellation = default)
    {
        if (State.Status.SpecHash.Length == 0)
        {
            throw new BadRequestException($"There is no solve '{_name}'.");
        }

        if (IsRunning && !force)
        {
            throw new BadRequestException($"Solve '{_name}' is at work. Stop it first, or remove it with --force.");
        }

        await StopAsync(cancellation);
        await (Crew()?.RemoveAsync(cancellation) ?? Task.CompletedTask);
        _crew = null;
        await _row.ClearAsync();
        DeactivateOnIdle();
    }

    public Task<SolveStatus> GetStatusAsync(CancellationToken cancellation = default) => Task.FromResult(Status());

    public Task<byte[]> GetSolutionAsync(CancellationToken cancellation = default) => Task.FromResult(State.Solution);

    public Task ReportPeerAsync(PeerReport report, CancellationToken cancellation = default)
    {
        if (report.SpecHash == State.Status.SpecHash && IsRunning)
        {
            _crew?.Accept(report);
        }

        return Task.CompletedTask;
    }

    private SolveSpec Read(string json)
    {
        if (json is null || json.Length > MaxSpec)
        {
            throw new BadRequestException($"The spec of a solve has at most {MaxSpec} characters.");
        }

        try
        {
            SolveSpec spec = SolveSpec.Read(json);
            _ = ConvexProblem.Graph(spec);
            return spec.Name == _name ? spec : throw new BadRequestException($"The spec's name is '{spec.Name}', but it was submitted as '{_name}'.");
        }
        catch (SpecException e)
        {
            throw new BadRequestException(e.Message);
        }
    }

    // After a crash the peers are at work before this activation has looked at the data. Null where it has no peers yet.
    private SolveCrew? Crew() => _crew ?? (State.Hosts.Length > 0 ? new SolveCrew(_name, State, null, services, GrainFactory, _logger) : null);

    private void Drive()
    {
        // While hosts are down nobody may call it for longer than idle grains stay.
        DelayDeactivation(Timeout.InfiniteTimeSpan);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(_left.Token);
        _driving = DriveAsync(_stop.Token);
    }

    private async Task EndDrivingAsync()
    {
        await _stop.CancelAsync();
        await _driving;
    }

    // It never fails: what went wrong is in the status.
    private async Task DriveAsync(CancellationToken stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.ForceYielding);
        try
        {
            State.Term++;
            await _row.SaveAsync();
            ConvexWorkshop.Bench bench = services.Convex.Open(SolveSpec.Read(State.Spec));
            try
            {
                await SolveAsync(await bench.ProblemAsync(stop), stop);
            }
            finally
            {
                bench.Close();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped, or the activation goes.
        }
        catch (InconsistentStateException e)
        {
            LogSuperseded(_name, e.Message);
            DeactivateOnIdle();
        }
        catch (Exception e)
        {
            if (e is not (SpecException or DatasetException or InvalidOperationException or NotSupportedException))
            {
                LogFaulted(e, _name);
            }

            await FaultAsync(e.Message);
        }
        finally
        {
            DelayDeactivation(TimeSpan.Zero);
        }
    }

    private async Task SolveAsync(ConvexProblem problem, CancellationToken stop)
    {
        if (State.Hosts.Length == 0)
        {
            await BeginAsync(problem, stop);
        }

        SolveCrew crew = _crew = new SolveCrew(_name, State, problem, services, GrainFactory, _logger);
        LogBegins(_name, problem.Spec.Peers, problem.Spec.Topology, problem.Dimension, problem.Parameters.Smoothness / problem.Parameters.Mu, problem.Rates.Total);
        bool solved = false;
        while (!solved && crew.GradientsOfAPeer < problem.Spec.Gradients)
        {
            await crew.StartAsync(stop);
            await Task.Delay(Poll, services.Clock, stop);
            await crew.LookAsync(stop);
            solved = crew.Bound <= problem.Spec.Accuracy;
            if (crew.Fault is { } fault)
            {
                throw new InvalidOperationException(fault);
            }
        }

        await crew.StopAsync(forget: false);
        await crew.BalanceAsync(stop);
        State.Solution = await crew.SolutionAsync(stop);
        await EndAsync(solved ? SolvePhase.Solved : SolvePhase.Ended, null);
        await crew.StopAsync(forget: true);
    }

    private TimeSpan Poll => services.Options.Value.PollPeriod < TimeSpan.FromSeconds(1) ? services.Options.Value.PollPeriod : TimeSpan.FromSeconds(1);

    private async Task BeginAsync(ConvexProblem problem, CancellationToken stop)
    {
        int largest = Enumerable.Range(0, problem.Spec.Peers).MaxBy(p => problem.Samples[p]);
        double seconds = await services.Slots.RunAsync(
            Devices.Lane.Training,
            () =>
            {
                problem.Gradient(largest, problem.Initial); // the first one is compiled
                long from = services.Clock.GetTimestamp();
                problem.Gradient(largest, problem.Initial);
                return services.Clock.GetElapsedTime(from).TotalSeconds;
            },
            stop);
        State.Hosts = services.Hosts.Up();
        State.GradientSeconds = seconds;
        State.Began = services.Clock.GetUtcNow();
        await _row.SaveAsync();
    }

    private async Task EndAsync(SolvePhase phase, string? message)
    {
        State.Status = Status() with { Phase = phase, Message = message };
        await _row.SaveAsync();
    }

    private async Task FaultAsync(string message)
    {
        try
        {
            await (Crew()?.StopAsync(forget: false) ?? Task.CompletedTask);
            await EndAsync(SolvePhase.Faulted, message);
        }
        catch (Exception e)
        {
            LogFaulted(e, _name);
            DeactivateOnIdle();
        }
    }

    private SolveStatus Status() => _crew is { } crew && IsRunning ? crew.Status(State.Status) : State.Status;

    [LoggerMessage(EventId = 1081, Level = LogLevel.Information, Message = "Solve {Name}: {Peers} peers, {Topology}, {Parameters} parameters, condition {Condition}, at least {Rate} exchanges a unit of time")]
    private partial void LogBegins(string name, int peers, string topology, int parameters, double condition, double rate);

    [LoggerMessage(EventId = 1082, Level = LogLevel.Warning, Message = "Solve {Name}: a newer activation has taken over: {Reason}")]
    private partial void LogSuperseded(string name, string reason);

    [LoggerMessage(EventId = 1083, Level = LogLevel.Error, Message = "Solve {Name} has faulted")]
    private partial void LogFaulted(Exception exception, string name);

    [LoggerMessage(EventId = 1084, Level = LogLevel.Warning, Message = "Solve {Name} waits for the database: {Reason}")]
    private partial void LogWaiting(string name, string reason);
}
