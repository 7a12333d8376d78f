using System.Runtime.InteropServices;

using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Silos.Embedding;

// One silo on one run folder: Silos FOLDER. It serves until it is interrupted or terminated.
var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
await using EmbeddedSilo silo = await EmbeddedSilo.StartAsync(new EmbeddedSiloOptions
{
    RunFolder = args is [var folder] ? folder : throw new ArgumentException("Name the run folder, and nothing else."),
    Learning = new LearningRuntime(DatasetCatalog.Default()),
});
Console.WriteLine(silo.Endpoint.Gateway);
await ended.Task;

void End(PosixSignalContext signal)
{
    signal.Cancel = true;
    ended.TrySetResult();
}
