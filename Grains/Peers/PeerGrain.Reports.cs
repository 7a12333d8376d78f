using Microsoft.Extensions.Logging;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Solves;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Islands;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Grains.Peers;

/// <content>What the peer tells of its rounds.</content>
internal sealed partial class PeerGrain
{
    private async Task ReportAsync(Life life, Effect.Report report)
    {
        switch (report.Kind)
        {
            case ReportKind.RoundCompleted when life.Problem is not null:
                GrainFactory.GetGrain<ISolveGrain>(GrainKeys.Solve(_run)).ReportPeerAsync(
                    new PeerReport(State.SpecHash, _number, State.Term, Counts(life), report.Round, null, life.Last?.Loss ?? double.NaN, Known())).Ignore();
                break;
            case ReportKind.RoundCompleted:
                ArtifactReference? model = null;
                if (!report.Model.IsNone)
                {
                    model = await services.Slots.RunAsync(Lane.Sampling, () => services.Shelf.Store(report.Model, _run, _role));
                    life.Newest = (report.Round, model);
                }

                Tell(life, report.Round, model, double.NaN);
                break;
            case ReportKind.Deadline:
                LogDeadline(_role, _number, report.Round, report.Detail);
                break;
            case ReportKind.Rescue or ReportKind.WorkFailed:
                LogMended(_role, _number, report.Kind, report.Round, report.Detail);
                break;
            default:
                LogNoted(_role, _number, report.Kind, report.Round, report.Detail);
                break;
        }
    }

    // An island that missed the last round, or whose grain came back with fewer than its peers completed, would wait for ever.
    private void TellAgain(Life life, long recorded)
    {
        if (life.Newest is { } newest && life.Protocol.IsShared && newest.Round - life.Protocol.FirstRound > recorded)
        {
            Tell(life, newest.Round, newest.Model, double.NaN);
        }
    }

    private void Tell(Life life, long round, ArtifactReference? model, double loss)
    {
        IIslandGrain island = GrainFactory.GetGrain<IIslandGrain>(GrainKeys.Model(_run, _role));
        island.ReportPeerAsync(new PeerReport(State.SpecHash, _number, State.Term, Counts(life), round, model, loss, Known())).Ignore();
    }

    private static PeerCounts Counts(Life life) => life.Counts with { Ignored = life.Machine.Ignored };

    [LoggerMessage(EventId = 1054, Level = LogLevel.Information, Message = "{Role}, peer {Number}, round {Round}: deadline {Reason}")]
    private partial void LogDeadline(string role, int number, long round, string reason);

    [LoggerMessage(EventId = 1055, Level = LogLevel.Information, Message = "{Role}, peer {Number}: {Kind} in round {Round}: {Detail}")]
    private partial void LogMended(string role, int number, ReportKind kind, long round, string detail);

    [LoggerMessage(EventId = 1056, Level = LogLevel.Debug, Message = "{Role}, peer {Number}: {Kind} in round {Round}: {Detail}")]
    private partial void LogNoted(string role, int number, ReportKind kind, long round, string detail);
}
