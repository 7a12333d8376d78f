using System.Reflection;

using Microsoft.Extensions.Logging;

using Xunit;

namespace OrleansDDM.Tests.Silos.Observability;

/// <summary>Every message of the log has an event id of its own, so that an alert can be bound to it and outlives a change of its words.</summary>
public sealed class LogEventTests
{
    public static TheoryData<string> Projects => ["Protocols", "Learning", "Grains", "Silos", "Experiments"];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Event_ids_are_given_and_unique_in_a_project(string project)
    {
        (string Method, int Id)[] messages = [.. Messages(project)];
        Assert.DoesNotContain(messages, m => m.Id <= 0);
        Assert.Empty(messages.GroupBy(m => m.Id).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(m => m.Method))}"));
    }

    [Fact]
    public void Messages_are_found() => Assert.Contains(Messages("Grains"), m => m.Method == "RunGrain.LogFault");

    private static IEnumerable<(string Method, int Id)> Messages(string project) =>
        from type in Assembly.Load("OrleansDDM." + project).GetTypes()
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        let message = method.GetCustomAttribute<LoggerMessageAttribute>()
        where message is not null
        select (type.Name + "." + method.Name, message.EventId);
}
