using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;

using Orleans.Runtime;

using OrleansDDM.Client.Progress;
using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Solves;
using OrleansDDM.Learning.Convex;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Solves;

/// <summary>A solve from the command line: in a silo of this process, or on a cluster, where it outlives the client.</summary>
internal static class SolveFlow
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <summary>Submits the solve or attaches to it, follows it to its end, and writes what came of it.</summary>
    /// <exception cref="CliException">It ended without the accuracy that was asked for, was stopped, or faulted.</exception>
    /// <exception cref="OperationCanceledException">Interrupted. In this process, the solve is stopped and can go on; on a cluster it goes on.</exception>
    public static async Task<int> RunAsync(ParseResult parsed, SolveSpec spec, CancellationToken cancellation)
    {
        string[] roots = [.. parsed.GetValue(CommonOptions.DataRoot)!];
        var learning = new LearningRuntime(DatasetCatalog.Default(roots));
        string? cluster = parsed.GetValue(CommonOptions.Cluster);
        string? folder = parsed.GetValue(CommonOptions.Out) ?? (cluster is null ? Path.Combine("runs", spec.Name) : null);
        if (cluster is null || parsed.GetValue(SolveOptions.Check))
        {
            // Before the folder is made: a slip of the keyboard leaves nothing behind.
            _ = DatasetCatalog.Default(roots).Find(spec.Data.Name);
        }

        if (folder is not null && File.Exists(Path.Combine(folder, "run.json")))
        {
            throw new CliException(ExitCode.BadConfiguration, $"'{folder}' holds a run. Choose another --out or --name.");
        }

        (SolveStatus status, byte[] solution) = await ProgressView.RunAsync(
            parsed.GetValue(CommonOptions.Progress),
            progress => cluster is null
                ? InProcessAsync(parsed, spec, folder!, learning, progress, cancellation)
                : OnClusterAsync(spec, cluster, parsed.GetValue(CommonOptions.Force), progress, cancellation));
        if (status.Phase == SolvePhase.Faulted)
        {
            throw new CliException(ExitCode.Failure, $"The solve faulted: {status.Message}");
        }

        double[] weights = [.. MemoryMarshal.Cast<byte, double>(solution)];
        double? distance = parsed.GetValue(SolveOptions.Check) && weights.Length > 0 ? Distance(learning, spec, weights, status, cancellation) : null;
        if (folder is not null)
        {
            Directory.CreateDirectory(folder);
            AtomicFile.Write(Path.Combine(folder, "solve.json"), SolveText.Json(spec, status, distance));
            if (weights.Length > 0)
            {
                SafetensorsWriter.Save(Path.Combine(folder, "solution.safetensors"), SolveText.Tensors(weights, status));
            }
        }

        SolveText.Write(Console.Out, spec, status, distance, parsed.GetValue(CommonOptions.Format));
        return status.Phase switch
        {
            SolvePhase.Solved => ExitCode.Ok,
            SolvePhase.Stopped => throw new CliException(ExitCode.Interrupted, "The solve was stopped. Go on with it by the same command."),
            _ => throw new CliException(ExitCode.Timeout, string.Create(
                CultureInfo.InvariantCulture,
                $"{spec.Gradients} gradients a peer proved {status.Bound:0.###e+0} instead of {spec.Accuracy:0.###e+0}. Raise --gradients, --accuracy or --ridge.")),
        };
    }

    private static async Task<(SolveStatus Status, byte[] Solution)> InProcessAsync(
        ParseResult parsed, SolveSpec spec, string folder, LearningRuntime learning, IProgressSink progress, CancellationToken cancellation)
    {
        var options = new EmbeddedSiloOptions { RunFolder = folder, Learning = learning };
        options = parsed.GetValue(CommonOptions.Slots) is { } slots ? options with { Slots = slots } : options;
        await using EmbeddedSilo silo = await EmbeddedSilo.StartAsync(options, cancellation);
        ISolveGrain solve = silo.Client.GetGrain<ISolveGrain>(GrainKeys.Solve(spec.Name));
        await solve.SubmitAsync(spec.ToJson(), parsed.GetValue(CommonOptions.Force), CancellationToken.None);
        try
        {
            return await FollowAsync(solve, spec, progress, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await solve.StopAsync(CancellationToken.None);
            throw;
        }
    }

    private static async Task<(SolveStatus Status, byte[] Solution)> OnClusterAsync(
        SolveSpec spec, string cluster, bool force, IProgressSink progress, CancellationToken cancellation)
    {
        await using ClusterConnection connection = await ClusterConnection.ToClusterAsync(cluster, cancellation);
        ISolveGrain solve = connection.Client.GetGrain<ISolveGrain>(GrainKeys.Solve(spec.Name));
        await solve.SubmitAsync(spec.ToJson(), force, CancellationToken.None);
        try
        {
            return await FollowAsync(solve, spec, progress, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            progress.Say("The solve goes on without this client. The same command follows it again.");
            throw;
        }
    }

    private static async Task<(SolveStatus Status, byte[] Solution)> FollowAsync(ISolveGrain solve, SolveSpec spec, IProgressSink progress, CancellationToken cancellation)
    {
        TimeProvider clock = TimeProvider.System;
        (long answered, long said) = (clock.GetTimestamp(), 0);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                SolveStatus status = await solve.GetStatusAsync(CancellationToken.None);
                if (status.Phase != SolvePhase.Running)
                {
                    return (status, await solve.GetSolutionAsync(CancellationToken.None));
                }

                answered = clock.GetTimestamp();
                if (said == 0 || clock.GetElapsedTime(said) > Silence)
                {
                    (said, string line) = (answered, SolveText.Progress(spec, status));
                    progress.Say(line);
                }
            }
            catch (Exception e) when (e is OrleansException or TimeoutException && clock.GetElapsedTime(answered) < Patience)
            {
                // Its silo has gone; another one takes it.
            }

            await Task.Delay(Look, clock, cancellation);
        }
    }

    private static double Distance(IConvexLearning learning, SolveSpec spec, double[] weights, SolveStatus status, CancellationToken cancellation)
    {
        double[] optimum = SoftmaxSolver.Solve(learning.Inputs(spec), spec.Ridge, Math.Min(spec.Accuracy, status.Bound) / 100, cancellation);
        return Math.Sqrt(optimum.Zip(weights, (a, b) => (a - b) * (a - b)).Sum());
    }
}
