"""JUEL, the Unified Expression Language as Camunda 7, Flowable and Activiti use it (JSR 245, EL 2.1 coercions)."""
