using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Specs;

namespace OrleansDDM.Benchmarks.Runs;

/// <summary>A run of a silo of its own in a temporary folder, timed from the start of the training to the last expert's end.</summary>
internal static class BenchmarkRun
{
    /// <summary>DiT experts on 28x28 images that need no file, without validation.</summary>
    /// <param name="experts">Number of experts.</param>
    /// <param name="steps">Training steps of each.</param>
    public static RunSpec Spec(int experts, int steps) => new()
    {
        Name = "benchmark",
        Data = new DataSpec { Name = "shapes", ShapesSize = 28, ShapesCount = 2000 },
        Clustering = new ClusteringSpec { Method = "random" },
        Experts = new ExpertsSpec { Count = experts },
        Router = new RouterSpec { StepShare = 0.001 },
        Training = new TrainingSpec { Steps = steps, Batch = 128, Validations = 1 },
    };

    /// <summary>Images that the experts of a spec train on.</summary>
    public static double Images(RunSpec spec) => (double)spec.Training.Steps * spec.Training.Batch;

    /// <summary>Trains a run on a silo and returns the seconds that the experts took.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="slots">Slots of the silo.</param>
    /// <param name="threads">Native threads of a slot.</param>
    public static async Task<double> TrainAsync(RunSpec spec, int slots, int threads)
    {
        string folder = Directory.CreateTempSubdirectory("ddm-benchmark-").FullName;
        try
        {
            var learning = new LearningRuntime(DatasetCatalog.Default());
            await using EmbeddedSilo silo = await EmbeddedSilo.StartAsync(
                new EmbeddedSiloOptions { RunFolder = folder, Learning = learning, Slots = slots, ThreadsPerSlot = threads });
            IRunGrain run = silo.Client.GetGrain<IRunGrain>(GrainKeys.Run(spec.Name));
            await run.SubmitAsync(SpecJson.Canonical(spec));
            DateTimeOffset? begin = null;
            DateTimeOffset? end = null;
            await foreach (RunEvent e in run.WatchAsync())
            {
                switch (e.Kind)
                {
                    case RunEventKind.Phase when e.Phase == RunPhase.Training:
                        begin = e.Time;
                        break;
                    case RunEventKind.Done when !ModelRole.Parse(e.Role!).IsRouter:
                        end = e.Time;
                        break;
                    case RunEventKind.Fault:
                        throw new InvalidOperationException($"{e.Role} faulted: {e.Message}");
                }
            }

            return (end!.Value - begin!.Value).TotalSeconds;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
