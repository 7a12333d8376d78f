using System.Runtime.CompilerServices;

using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Local.Faults;
using OrleansDDM.Tests.House;

namespace OrleansDDM.Tests.Client;

/// <summary>
/// Silos that are processes of their own, whose runs take their time whatever the machine is: nothing has to be caught in the nick of time.
/// </summary>
/// <param name="folder">Of the test.</param>
/// <param name="names">Names of the silos.</param>
internal sealed class PacedSilos(Grains.RunFolder folder, params string[] names)
{
    /// <summary>The folder in which they look for their pace.</summary>
    public string Faults => folder.File("faults");

    /// <summary>Adds so many milliseconds to each training step.</summary>
    public void Pace(double milliseconds) => Array.ForEach(names, silo => FaultSwitch.Write(Faults, silo, new FaultPlan { StepMilliseconds = milliseconds }));

    /// <summary>Looks at a run, each time by a connection of its own, until it is as wanted; a silo that is on its way out is passed over.</summary>
    public static Task<RunStatus> SeenAsync(
        Func<Task<ClusterConnection>> connect, string run, Func<RunStatus, bool> holds, [CallerArgumentExpression(nameof(holds))] string what = "") => Until.SeenAsync(
        async () =>
        {
            try
            {
                await using ClusterConnection connection = await connect();
                return await connection.Client.GetGrain<IRunGrain>(GrainKeys.Run(run)).GetStatusAsync().WaitAsync(TimeSpan.FromSeconds(10));
            }
            catch (Exception e) when (e is OrleansException or TimeoutException or ClusterUnreachableException)
            {
                return null;
            }
        },
        holds,
        what: what);
}
