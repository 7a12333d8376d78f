using System.CommandLine;
using System.CommandLine.Parsing;

using OrleansDDM.Client.Commands;
using OrleansDDM.Silos.Security;

namespace OrleansDDM.Client;

/// <summary>The <c>ddm</c> command: parses, runs one verb, and maps what went wrong to an exit code.</summary>
public static class CommandLineApp
{
    /// <summary>Runs the command line and returns the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        using var signals = new Signals();
        var root = new RootCommand("Train, sample and judge decentralized diffusion models: experts on parts of the data, mixed by a router.")
        {
            DemoCommand.Create(),
            TrainCommand.Create(),
            ResumeCommand.Create(),
            SampleCommand.Create(),
            EvaluateCommand.Create(),
            CompareCommand.Create(),
            SimulateCommand.Create(),
            ExperimentCommand.Create(),
            SolveCommand.Create(),
            RunsCommand.Create(),
            StatusCommand.Create(),
            WatchCommand.Create(),
            StopCommand.Create(),
            PullCommand.Create(),
            DataCommand.Create(),
            ClusterCommand.Create(),
            ChaosCommand.Create(),
            DbCommand.Create(),
            TokenCommand.Create(),
            CertCommand.Create(),
            CommonOptions.Token,
        };
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (ParseError error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync("ddm: " + error.Message);
            }

            await Console.Error.WriteLineAsync("Try 'ddm --help', or 'ddm VERB --help'.");
            return ExitCode.Usage;
        }

        // Read when a verb connects to a cluster; the others need no credentials, good or bad.
        ClientCredentials.Default = new(() => ClientCredentials.Read(parsed.GetValue(CommonOptions.Token), Environment.GetEnvironmentVariable));
        try
        {
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, signals.Token);
        }
        catch (Exception e)
        {
            return ErrorReport.Write(e, parsed.GetResult(CommonOptions.Format) is not null && parsed.GetValue(CommonOptions.Format) == OutputFormat.Json);
        }
    }
}
