using System.Text.Json;

using Orleans.Runtime;
using Orleans.Runtime.Messaging;

using OrleansDDM.Contracts.Clusters;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Embedding;
using OrleansDDM.Silos.Security;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Specs;

namespace OrleansDDM.Client;

/// <summary>Turns an exception into one message on stderr and an exit code.</summary>
public static class ErrorReport
{
    /// <summary>Reports <paramref name="error"/> and returns the exit code.</summary>
    /// <param name="error">What was thrown.</param>
    /// <param name="json">Write <c>{"error": {"code", "message"}}</c> to stdout instead of a line to stderr.</param>
    public static int Write(Exception error, bool json)
    {
        ArgumentNullException.ThrowIfNull(error);
        int code = CodeOf(error);
        string message = error is OperationCanceledException ? "Interrupted." : error.Message;
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new { error = new { code, message } }));
        }
        else
        {
            Console.Error.WriteLine("ddm: " + message);
        }

        // An error nobody planned for needs its stack; a planned one is only obscured by it.
        if (code == ExitCode.Failure && !IsPlanned(error))
        {
            Console.Error.WriteLine(error);
        }

        return code;
    }

    /// <summary>Whether an error that is a mere failure says all that is to be known of it.</summary>
    internal static bool IsPlanned(Exception error) =>
        error is CliException or IOException or TooManyRequestsException or RunNotStoredException or StaleTermException or DataUnavailableException or MessageTooLargeException;

    internal static int CodeOf(Exception error) => error switch
    {
        CliException e => e.ExitCode,
        OperationCanceledException => ExitCode.Interrupted,
        SpecException or BadRequestException or RunConflictException or SiloNotFoundException or RunNotFoundException or RunNotReadyException or RunActiveException
            or RunFolderInUseException or ConfigurationException or SchemaException or SecurityException or StateVersionException or DatasetException { IsNotFound: true } => ExitCode.BadConfiguration,
        ClusterUnreachableException or SiloUnavailableException or ConnectionFailedException or ClientNotAvailableException => ExitCode.Unreachable,
        DatasetException or ModelIntegrityException or SafetensorsException or ArtifactException => ExitCode.Integrity,
        TimeoutException => ExitCode.Timeout,
        UnauthorizedAccessException or AccessDeniedException => ExitCode.Unauthorised,
        AggregateException { InnerExceptions.Count: 1 } e => CodeOf(e.InnerExceptions[0]),
        _ => ExitCode.Failure,
    };
}
