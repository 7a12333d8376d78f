using OrleansDDM.Client;
using OrleansDDM.Contracts.Runs;

using Xunit;

namespace OrleansDDM.Tests.Client;

public sealed class ErrorReportTests
{
    public static TheoryData<Type, int> Codes => new()
    {
        { typeof(StateVersionException), 3 },
        { typeof(RunNotStoredException), 1 },
        { typeof(StaleTermException), 1 },
        { typeof(DataUnavailableException), 1 },
        { typeof(MessageTooLargeException), 1 },
    };

    [Theory]
    [MemberData(nameof(Codes))]
    public void What_a_cluster_refuses_has_its_exit_code_and_no_stack(Type type, int code)
    {
        Exception e = type == typeof(StateVersionException) ? new StateVersionException("run 'r'", 9, 2)
            : type == typeof(RunNotStoredException) ? new RunNotStoredException("r", "no database.")
            : type == typeof(StaleTermException) ? new StaleTermException("a report", 1, 2)
            : type == typeof(DataUnavailableException) ? new DataUnavailableException("no data")
            : new MessageTooLargeException("M", 2, 1);
        Assert.Equal(code, ErrorReport.CodeOf(e));
        Assert.True(code != ExitCode.Failure || ErrorReport.IsPlanned(e));
    }

    [Fact]
    public void What_nobody_thought_of_is_a_failure_with_its_stack()
    {
        Assert.Equal(ExitCode.Failure, ErrorReport.CodeOf(new InvalidOperationException()));
        Assert.False(ErrorReport.IsPlanned(new InvalidOperationException()));
    }
}
