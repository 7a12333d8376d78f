using OrleansDDM.Silos.Cluster;

return await SiloProgram.RunAsync(args);
