using System.Text.Json;

using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Devices;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Web;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>A run driven by a silo in this process.</summary>
public sealed class RunSession : IAsyncDisposable
{
    private readonly EmbeddedSilo _silo;
    private readonly RunFolder _folder;
    private readonly IRunGrain _run;
    private readonly int _slots;

    private RunSession(EmbeddedSilo silo, LearningRuntime learning, RunFolder folder, RunSpec spec, int slots)
    {
        _silo = silo;
        _folder = folder;
        _slots = slots;
        Spec = spec;
        Learning = learning;
        _run = silo.Client.GetGrain<IRunGrain>(GrainKeys.Run(spec.Name));
    }

    /// <summary>The run's spec.</summary>
    public RunSpec Spec { get; }

    /// <summary>The silo's learning, which holds the run's data.</summary>
    public LearningRuntime Learning { get; }

    /// <summary>Where its pages are; null = nowhere.</summary>
    public string? HttpUrl => _silo.HttpUrl;

    /// <summary>Draws samples of the run once it is ready.</summary>
    public ISampleSource Samples => new GrainSampleSource(_silo.Client, Spec.Name, _slots);

    /// <summary>Starts a silo on the folder of a run.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="dataRoots">Folders to look for data in.</param>
    /// <param name="slots">Models in training at a time; null = the number of cores, or of cards.</param>
    /// <param name="web">Whether pages are served to this machine.</param>
    /// <param name="cancellation">Gives up the start.</param>
    public static async Task<RunSession> StartAsync(
        RunFolder folder, RunSpec spec, IEnumerable<string> dataRoots, int? slots = null, bool web = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(spec);
        var learning = new LearningRuntime(DatasetCatalog.Default(dataRoots));

        // A run that was trained on a card can be sampled and judged without one; training says itself what it lacks.
        string device = spec.Training.Device == "cpu" ? "cpu" : "auto";
        DeviceFacts facts = await new DeviceChoice { Device = device }.ReadAsync(learning, threads: 1);
        int count = slots ?? DeviceChoice.SlotsOf(facts);
        EmbeddedSilo silo = await EmbeddedSilo.StartAsync(
            new EmbeddedSiloOptions { RunFolder = folder.Path, Learning = learning, Facts = facts, Slots = count, WebUrl = web ? WebUrl.Local : null }, cancellation);
        return new RunSession(silo, learning, folder, spec, count);
    }

    /// <summary>Submits or goes on with the run, shows its progress, and returns when it is ready.</summary>
    /// <exception cref="OperationCanceledException">Interrupted; the run is stopped with its checkpoints written.</exception>
    /// <exception cref="CliException">The run faulted or was stopped by somebody else.</exception>
    public async Task<RunStatus> TrainAsync(IProgressSink progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(progress);
        RunStatus status = (await _run.SubmitAsync(SpecJson.Canonical(Spec), false, CancellationToken.None)).Status;
        if (status.Phase is not (RunPhase.Preparing or RunPhase.Training))
        {
            status = await _run.ResumeAsync(CancellationToken.None);
        }

        progress.Begin(status.Models);
        try
        {
            await WatchAsync(status, progress, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            progress.Say("Stopping: writing checkpoints.");
            await _run.StopAsync(CancellationToken.None);
            WriteStatus(await _run.GetStatusAsync(CancellationToken.None));
            throw;
        }

        status = await _run.GetStatusAsync(CancellationToken.None);
        WriteStatus(status);
        await WriteMetricRowsAsync();
        return status.Phase switch
        {
            RunPhase.Ready => await LearnPlanAsync(status),
            RunPhase.Stopped or RunPhase.Stopping => throw new CliException(ExitCode.Interrupted, $"The run was stopped. Go on with: ddm resume {_folder.Path}"),
            _ => throw Fault(status),
        };
    }

    /// <summary>The status of a run that is trained.</summary>
    /// <exception cref="CliException">It is not.</exception>
    public async Task<RunStatus> ReadyAsync()
    {
        RunStatus status = await _run.GetStatusAsync(CancellationToken.None);
        return status.Phase == RunPhase.Ready
            ? await LearnPlanAsync(status)
            : throw new CliException(
                ExitCode.BadConfiguration,
                $"The run is {StatusText.PhaseOf(status, live: false)}, not trained. Train it first: ddm resume {_folder.Path}");
    }

    /// <summary>Writes the trained model as a folder, unless it is there already.</summary>
    public ModelContents Export(RunStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        ModelContents contents = RunModel.Of(status, [.. RunModel.Weights(status).Select(w => _silo.Artifacts.Read(w.Sha256))]);
        if (!IsWhole(_folder.Model))
        {
            ModelFolder.Write(_folder.Model, contents);
        }

        return contents;
    }

    private static bool IsWhole(string model)
    {
        try
        {
            return Directory.Exists(model) && ModelFolder.Read(model) is not null;
        }
        catch (ModelIntegrityException)
        {
            return false; // the artifacts have every byte of it
        }
    }

    // Judging needs the clusters too; a silo that has only just begun has not asked for them.
    private async Task<RunStatus> LearnPlanAsync(RunStatus status)
    {
        if (Spec.Islands.IsOnHosts() && Learning.AdoptedPlan(Spec).Length == 0)
        {
            HostPlan plan = await HostPlans.OfAsync(_silo.Client, Spec, CancellationToken.None);
            await Task.Run(() => Learning.Adopt(Spec, plan.Shares[0].Host, plan));
        }

        return status;
    }

    // A grain's status has words only; the data's own error says which kind of mistake it was.
    private Exception Fault(RunStatus status)
    {
        int code = ExitCode.Failure;
        try
        {
            if (Spec.Islands.IsOnHosts() && Learning.AdoptedPlan(Spec).Length == 0)
            {
                return new CliException(code, $"The run faulted: {status.Message}");
            }

            string fingerprint = Learning.Prepare(Spec, CancellationToken.None).Fingerprint;
            code = status.Data is { Fingerprint.Length: > 0 } data && data.Fingerprint != fingerprint ? ExitCode.Integrity : code;
        }
        catch (Exception e) when (e is DatasetException or SpecException)
        {
            return e;
        }

        return new CliException(code, $"The run faulted: {status.Message}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _silo.DisposeAsync();

    private async Task WatchAsync(RunStatus status, IProgressSink progress, CancellationToken cancellation)
    {
        await WriteMetricRowsAsync();
        await using StreamWriter rows = File.AppendText(_folder.MetricRows);
        await foreach (RunEvent e in RunEvents.FollowAsync(_run, status.LastEvent, cancellation))
        {
            progress.Show(e);
            foreach (MetricPoint point in e.Points)
            {
                await rows.WriteLineAsync(MetricRowText.Write(e.Role!, point));
            }

            if (e.Kind == RunEventKind.Phase)
            {
                progress.Say(e.Phase switch
                {
                    RunPhase.Preparing => "Loading and clustering the data.",
                    RunPhase.Training => "Training the experts and the router.",
                    _ => $"The run is {e.Phase.ToString().ToLowerInvariant()}.",
                });
            }

            if (e.Kind != RunEventKind.Telemetry)
            {
                await rows.FlushAsync(cancellation);
                WriteStatus(await _run.GetStatusAsync(cancellation));
            }
        }
    }

    // The grains know the rows up to the checkpoints that the run goes on from; later rows of an interrupted run are cut.
    private async Task WriteMetricRowsAsync()
    {
        ModelMetrics[] metrics = await _run.GetMetricsAsync(CancellationToken.None);
        AtomicFile.Write(_folder.MetricRows, System.Text.Encoding.UTF8.GetBytes(MetricRowText.Write(metrics)));
    }

    private void WriteStatus(RunStatus status) => AtomicFile.Write(_folder.Status, JsonSerializer.SerializeToUtf8Bytes(status, StatusText.Json));
}
